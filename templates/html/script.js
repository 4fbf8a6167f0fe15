(() => {
  const keys = ["index", "name"];
  const clear = () => document.querySelectorAll(".symgrad .marked").forEach((e) => e.classList.remove("marked"));
  document.addEventListener("mouseover", (event) => {
    clear();
    const found = event.target.closest("[data-index], [data-name]");
    const layer = found && found.closest(".layer");
    if (!layer) return;
    for (const key of keys) {
      const value = found.dataset[key];
      if (value === undefined) continue;
      for (const other of layer.querySelectorAll(`[data-${key}]`))
        if (other.dataset[key] === value) other.classList.add("marked");
    }
  });
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".gradient")) target.querySelector("details").open = true;
  };
  addEventListener("hashchange", unfold);
  unfold();
  let folded = [];
  addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll(".symgrad details:not([open])")];
    folded.forEach((e) => { e.open = true; });
  });
  addEventListener("afterprint", () => folded.forEach((e) => { e.open = false; }));
})();
