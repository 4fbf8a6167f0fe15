"""Test MathML output against exact text, and that all of it is well-formed."""

import xml.etree.ElementTree as ET
from fractions import Fraction

import pytest

from symgrad import catalog, derive
from symgrad.documents import document
from symgrad.formats.mathml import MathMLNotation, in_lines, math, statement_mathml, to_mathml
from symgrad.language.expr import (
    And,
    Call,
    Delta,
    Element,
    FloorDiv,
    IndexValue,
    Indicator,
    Mod,
    OpaqueCall,
    Where,
    as_expr,
    power,
)
from symgrad.language.functions import FUNCTIONS
from symgrad.language.program import Partial
from tests.formats.building import I, J, K, L, at, compare, reduce, total

TIMES = '<mo lspace="0" rspace="0.167em">\u2062</mo>'
OF = "<mo>\u2061</mo>"
FENCES = ('<mrow><mo stretchy="false">(</mo>', '<mo stretchy="false">)</mo></mrow>')
A = '<msub data-name="a"><mi>a</mi><mi data-index="i">i</mi></msub>'
B = '<msub data-name="b"><mi>b</mi><mi data-index="k">k</mi></msub>'
IJ = '<mrow><mi data-index="i">i</mi><mi data-index="j">j</mi></mrow>'
X = f'<msub data-name="x"><mi>x</mi>{IJ}</msub>'
a, b, c, x = at("a", I), at("b", K), at("c", L), at("x", I, J)

NAMES = [
    ("gamma", f'<msub data-name="gamma"><mi>γ</mi>{IJ}</msub>'),
    ("loss", f'<msub data-name="loss"><mi>loss</mi>{IJ}</msub>'),
    (
        "x_hat",
        '<msub data-name="x_hat"><mover accent="true"><mi>x</mi><mo stretchy="false">^</mo></mover>'
        f"{IJ}</msub>",
    ),
    ("x_exp", f'<msubsup data-name="x_exp"><mi>x</mi>{IJ}<mtext>exp</mtext></msubsup>'),
    (
        "W1",
        '<msub data-name="W1"><mi>W</mi><mrow><mn>1</mn><mo>,</mo><mi data-index="i">i</mi>'
        '<mi data-index="j">j</mi></mrow></msub>',
    ),
    (
        "dx",
        f'<mrow data-name="dx"><mi mathvariant="normal">d</mi><msub><mi>x</mi>{IJ}</msub></mrow>',
    ),
]

EXPRESSIONS = [
    (at("eps"), '<mi data-name="eps">ϵ</mi>'),
    (-a, f'<mo form="prefix">−</mo>{A}'),
    (a - b, f"{A}<mo>−</mo>{B}"),
    (2 * a, f"<mn>2</mn>{TIMES}{A}"),
    (a / b, f"<mfrac>{'<mrow>' + A + '</mrow>'}<mrow>{B}</mrow></mfrac>"),
    (a**2, f"<msup><mrow>{A}</mrow><mn>2</mn></msup>"),
    (power(a, as_expr(Fraction(1, 2))), f"<msqrt>{A}</msqrt>"),
    (
        as_expr(Fraction("1e-12")),
        '<msup><mn>10</mn><mrow><mo form="prefix">−</mo><mn>12</mn></mrow></msup>',
    ),
    (
        Element("x", (IndexValue(I) + 1, IndexValue(J))),
        '<msub data-name="x"><mi>x</mi><mrow><mi data-index="i">i</mi><mo>+</mo><mn>1</mn>'
        '<mo>,</mo><mi data-index="j">j</mi></mrow></msub>',
    ),
    (Call("tanh", (x,)), f"<mi>tanh</mi>{OF}{FENCES[0]}{X}{FENCES[1]}"),
    (Call("exp", (x,)), f"<msup><mi>e</mi><mrow>{X}</mrow></msup>"),
    (
        OpaqueCall("g", x, 1),
        f"<msup><mi>g</mi><mo>′</mo></msup>{OF}{FENCES[0]}{X}{FENCES[1]}",
    ),
    (total(K, of=b), f'<munder><mo>∑</mo><mi data-index="k">k</mi></munder>{B}'),
    (
        reduce("max", K, of=b),
        '<munder><mo lspace="0.167em" rspace="0.167em">max</mo><mi data-index="k">k</mi></munder>'
        + B,
    ),
    (
        total(K, L, of=b * c, when=compare(K, "<", L)),
        '<munder><mo>∑</mo><mrow><mi data-index="k">k</mi><mo>,</mo><mi data-index="l">l</mi>'
        '<mo>:</mo><mi data-index="k">k</mi><mo>&lt;</mo><mi data-index="l">l</mi></mrow></munder>'
        f'{B}{TIMES}<msub data-name="c"><mi>c</mi><mi data-index="l">l</mi></msub>',
    ),
    (
        Delta(IndexValue(I), IndexValue(J)),
        f"<msub><mi>δ</mi>{IJ}</msub>",
    ),
    (
        Indicator(And((compare(I, "<=", J), compare(J, "!=", 0)))),
        '<mrow><mo stretchy="false">[</mo><mi data-index="i">i</mi><mo>≤</mo>'
        '<mi data-index="j">j</mi><mo>∧</mo><mi data-index="j">j</mi><mo>≠</mo><mn>0</mn>'
        '<mo stretchy="false">]</mo></mrow>',
    ),
    (
        FloorDiv(IndexValue(I), as_expr(2)),
        '<mrow><mo>⌊</mo><mfrac><mi data-index="i">i</mi><mn>2</mn></mfrac><mo>⌋</mo></mrow>',
    ),
    (
        Mod(IndexValue(I), as_expr(2)),
        '<mi data-index="i">i</mi><mo lspace="0.167em" rspace="0.167em">mod</mo><mn>2</mn>',
    ),
    (
        Where(compare(a, ">", 0), a, as_expr(0)),
        '<mrow><mo stretchy="true">{</mo><mtable columnalign="left" class="cases">'
        f"<mtr><mtd><mrow>{A}</mrow></mtd>"
        f"<mtd><mrow><mtext>if&#160;</mtext>{A}<mo>&gt;</mo><mn>0</mn></mrow></mtd></mtr>"
        "<mtr><mtd><mn>0</mn></mtd><mtd><mtext>otherwise</mtext></mtd></mtr></mtable></mrow>",
    ),
    (
        Partial(at("y", I), at("b", K)),
        '<mfrac><mrow><mi>∂</mi><msub data-name="y"><mi>y</mi><mi data-index="i">i</mi></msub>'
        f"</mrow><mrow><mi>∂</mi>{B}</mrow></mfrac>",
    ),
]


@pytest.mark.parametrize(("name", "text"), NAMES)
def test_name_prints_as(name, text):
    assert to_mathml(at(name, I, J)) == text


@pytest.mark.parametrize(("expr", "text"), EXPRESSIONS)
def test_expression_prints_as(expr, text):
    assert to_mathml(expr) == text


def test_an_incoming_gradient_prints_as_a_quotient_of_differentials():
    assert to_mathml(at("dy", I), partials={"dy": "y"}) == (
        "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi>"
        '<msub data-name="y"><mi>y</mi><mi data-index="i">i</mi></msub></mrow></mfrac>'
    )


def test_a_tensor_with_the_letter_of_an_index_can_be_bold():
    element = MathMLNotation(frozenset("k")).element("k", ())
    assert element.text == '<mi data-name="k">𝒌</mi>'


def test_a_line_breaks_before_the_terms_of_a_sum_alone():
    content = to_mathml(a - b * (a + c))
    assert len(in_lines(content)) == 2
    assert in_lines(content)[0] == A
    assert in_lines(content)[1].startswith('<mo form="infix">−</mo>')
    assert "".join(in_lines(content)).replace(' form="infix"', "") == content


def test_every_function_of_the_table_is_spelled():
    for name, row in FUNCTIONS.items():
        text = to_mathml(Call(name, tuple([x] * row.arity)))
        assert text.count(X) == row.arity, name
        ET.fromstring(math(text))


LAYERS = catalog()
# how many children MathML gives these
CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "mfrac": 2, "munder": 2, "mover": 2}
TOKENS = {"mi", "mn", "mo", "mtext"}


@pytest.mark.parametrize("name", LAYERS)
def test_the_steps_of_the_catalogue_are_well_formed(name):
    shown = document(derive(LAYERS[name]), "full")
    texts = [statement_mathml(s, shown.lengths) for s in (*shown.formula, *shown.values)]
    for part in shown.sections:
        texts += [
            to_mathml(
                line.after, indices=part.indices, partials=shown.partials, lengths=shown.lengths
            )
            for line in part.lines
        ]
    for text in texts:
        for piece in in_lines(text):
            for element in ET.fromstring(math(piece)).iter():
                assert len(element) == CHILDREN.get(element.tag, len(element))
                own = element.text or "".join(child.tail or "" for child in element)
                assert bool(own) == (element.tag in TOKENS)
