"""Hold the one table of mistakes: formula, message, caret columns and advice."""

from __future__ import annotations

from typing import Any

import pytest

from symgrad.errors import FormulaError, Span
from symgrad.language.layer import Layer

# formula, message, columns of the carets (each counted in its own line), advice
MISTAKES: list[tuple[str, str, tuple[int, ...], str]] = [
    (
        "y_ij = x_ij + b_j)",
        ") closes a bracket that was never opened",
        (17,),
        "remove it, or write the opening bracket ( before it",
    ),
    ("y_ij = (x_ij + b_j", "( is never closed", (7,), "write the closing bracket )"),
    ("y_ij = x[i,j + b_j", "[ is never closed", (8,), "write the closing bracket ]"),
    ("y_ij = x[i,j) + b_j", "[ is closed by )", (8, 12), "write ] to close ["),
    ("y_ij == x_ij", "== compares, and a statement assigns", (5,), "write ="),
    (
        "y_ij = sum_k",
        "sum_k has nothing to reduce",
        (7,),
        "write what is reduced behind it: sum_k x_ik",
    ),
    (
        "y_ij = sum_{k<=j}",
        "sum_{k<=j} has nothing to reduce",
        (7,),
        "write what is reduced behind it: sum_{k<=j} x_ik",
    ),
    (
        "y_ij = sum_k + 3",
        "sum_k has nothing to reduce",
        (7,),
        "write what is reduced behind it; a reduction stops at + or -",
    ),
    (
        "y_ij = exp x_ij",
        "exp is a function and stands here without its argument",
        (7,),
        "write exp(...)",
    ),
    (
        "y_ij = x_",
        "x_ has no subscript after the underscore",
        (8,),
        "write x_ij or x[i,j], or x for a scalar",
    ),
    (
        "y_ij = max_k(a_k, b_k)",
        "a reduction takes one expression, and a comma stands in it",
        (16,),
        "write max(a, b) for two values, max_k max(a, b) for both",
    ),
    ("y_ij = sum_{k<=j x_k", "{ is never closed", (11,), "write the closing bracket }"),
    ("", "the formula is empty", (), "write a statement: y_ij = x_ij + b_j"),
    ("# only a comment", "the formula is empty", (), "write a statement: y_ij = x_ij + b_j"),
    (
        "y_i = sum_i x_i",
        "index i is bound twice",
        (2, 10),
        "i is on the left-hand side: reduce over another letter, sum_k",
    ),
    (
        "x_ij + b_j",
        "the statement assigns nothing",
        (0,),
        "write y_ij = x_ij + b_j, with the name and the indices of the result",
    ),
    (
        "y_ij = x_ij +",
        "something is missing after +",
        (13,),
        "write a value between + and the end of the line, or remove +",
    ),
    (
        "y_ij = x_ij * / b_j",
        "something is missing after *",
        (14,),
        "write a value between * and /, or remove *",
    ),
    ("= x_ij", "nothing stands before =", (0,), "write the result before it: y_ij = ..."),
    (
        "y_ij =",
        "something is missing after =",
        (6,),
        "write a value between = and the end of the line, or remove =",
    ),
    (
        "y_i = sm(x_i)",
        "unknown function sm",
        (6,),
        "write sm*(...) for a product, or declare the function: opaque sm",
    ),
    (
        "y_i = softmx(x_i)",
        "unknown function softmx",
        (6,),
        "write softmx*(...) for a product, or declare the function: opaque softmx",
    ),
    ("y_i = tanhh(x_i)", "unknown function tanhh", (6,), "did you mean tanh?"),
    ("y_i = tanh(x_i, x_i)", "tanh takes 1 argument, not 2", (6,), "write tanh(x)"),
    ("y_i = tanh()", "tanh takes 1 argument, not 0", (6,), "write tanh(x)"),
    (
        "y_i = max(x_i)",
        "max takes 2 arguments, not 1",
        (6,),
        "write max(a, b), or max_k for the max over an index",
    ),
    (
        "y_i = sum(x_i)",
        "sum stands without its indices",
        (6,),
        "write sum_k x_i, with the indices to reduce over",
    ),
    (
        "y_i = sum x_i",
        "sum stands without its indices",
        (6,),
        "write sum_k or sum_{k,l}, then what is reduced",
    ),
    (
        "y = x_i",
        "index i is used once and never summed",
        (6,),
        "write sum_i x_i, or put i on the left-hand side",
    ),
    (
        "y_ij = x_i",
        "index j is on the left-hand side, and nothing bounds it",
        (2,),
        "use j as a subscript on the right, or give a bound: for j < n",
    ),
    (
        "y_ii = x_i",
        "index i stands twice on the left-hand side",
        (2,),
        "use two letters and a delta: y_ij = ...*delta(i, j)",
    ),
    (
        "y_i = x_i; y_i = 2*x_i",
        "y is assigned twice",
        (0, 11),
        "use another name for one of the two",
    ),
    (
        "z_i = y_i; y_i = x_i",
        "y is read before its assignment",
        (6,),
        "move the statement that assigns y before this one, or rename one of the two",
    ),
    (
        "y_i = x_i + x_ij*w_ij",
        "x has 1 subscript in one place and 2 subscripts in another",
        (6, 12),
        "give x the same number of subscripts everywhere, or use another name",
    ),
    (
        "y_i = sum_k a_ik/sum_k b_k",
        "index k is bound twice",
        (10, 21),
        "write (sum_k a_ik)/(sum_k b_k)",
    ),
    (
        "y_i = sum_k a_ik*sum_k b_k*c_k",
        "index k is bound twice",
        (10, 21),
        "write (sum_k a_ik)*(sum_k b_k*c_k)",
    ),
    (
        "y_i = x_i @ w_i",
        "unknown character @",
        (10,),
        "write a matrix product with its indices: sum_k x_ik*w_kj",
    ),
    (
        "y_i = x_i $ w_i",
        "unknown character $",
        (10,),
        "write the formula alone, without $",
    ),
    (
        "y_i = x[i/2]",
        "i/2 is not an integer",
        (8,),
        "write // for whole division: x[i//2]",
    ),
    (
        "y_i = x[i+0.5]",
        "i+0.5 is not an integer",
        (8,),
        "write integers, indices, + - * // %, size(...) or elements of integer tensors",
    ),
    (
        "y_i = x[sin(i)]",
        "sin(i) is not an integer",
        (8,),
        "write integers, indices, + - * // %, size(...) or elements of integer tensors",
    ),
    (
        "y_i = x[i*i]",
        "i*i is not an integer",
        (8,),
        "write integers, indices, + - * // %, size(...) or elements of integer tensors",
    ),
    (
        "y_i = alpha(x_i + y_i)",
        "unknown function alpha",
        (6,),
        "write alpha*(...) for a product, or declare the function: opaque alpha",
    ),
    (
        "y_i, z_i = x_i",
        "a comma stands outside brackets",
        (3,),
        "write one statement for each name",
    ),
    (
        "y_i = (x_i, z_i)",
        "a comma stands in a bracket that belongs to no function",
        (10,),
        "write f(a, b) for a function, x[i, j] for subscripts",
    ),
    ("y_i = where(x_i = 0, 1, 2)", "= stands inside brackets", (16,), "write == to compare"),
    (
        "y_i = where(x_i, 1, 2)",
        "x_i is a value, and a condition stands here",
        (12,),
        "compare it with something: x_i > 0",
    ),
    (
        "y_i = (x_i > 0)",
        "a condition stands where a value is needed",
        (7,),
        "write where(x_i > 0, 1, 0)",
    ),
    (
        "y_i = x_i if x_i > 0 else 0",
        "if stands here without brackets",
        (10,),
        "write where(condition, a, b)",
    ),
    (
        "y_i = x_i = z_i",
        "the statement has a second =",
        (10,),
        "write one = in a statement, == to compare",
    ),
    ("f(x) = x", "f(x) can't be assigned", (0,), "write let f(x) = ... for a function of your own"),
    (
        "2*y_i = x_i",
        "2*y_i can't be assigned",
        (0,),
        "write one name with its indices on the left-hand side: y_ij = ...",
    ),
    (
        "y_i = (a_i + b_i)[i]",
        "subscripts stand behind something that is no name",
        (17,),
        "give the value a name in a statement of its own, then subscript the name",
    ),
    (
        "y_i = {a_i + b_i}",
        "a brace stands behind no underscore",
        (6,),
        "write ( ) around a value; braces hold subscripts: x_{i,j}, sum_{k<=j}",
    ),
    (
        "y_i = x{i}",
        "x is followed by a brace without _",
        (7,),
        "write x_{i,j} or x[i,j] for subscripts",
    ),
    (
        "y_i = y_i + x_i",
        "y is read before its assignment, in its own statement",
        (6,),
        "use another name on the left, or read an earlier place: y[t-1, ...]",
    ),
    (
        "y = y + 1",
        "y is read before its assignment, in its own statement",
        (4,),
        "use another name on the left, or read an earlier place: y[t-1, ...]",
    ),
    (
        "y_i = sum_{i,j, i<j} x_ij",
        "index i is bound twice",
        (2, 11),
        "i is on the left-hand side: reduce over another letter, sum_k",
    ),
    (
        "y_k = sum_{3<k} x_k",
        "3<k begins with no index that sum could bind",
        (11,),
        ("write the index first, as in sum_{k<=j}, or the conditions after a colon: sum_{k: 3<k}"),
    ),
    (
        "sum_i = x_i",
        "sum_i is a reduction, and can't be assigned",
        (0,),
        "use another name: a name can't begin with sum_",
    ),
    (
        "max_pool_i = x_i",
        "max_pool_i begins like the reduction max, but pool_i is no list of indices",
        (0,),
        "write max_k for a reduction; a name can't begin with max_",
    ),
    (
        "y_i = sum_{u} x_i",
        "nothing bounds index u",
        (11,),
        "use u alone in a subscript, or give a bound: u < n",
    ),
    (
        "y_i = size(x)*x_i",
        "size(x): the statement has no index x",
        (11,),
        "write size(i) for an index of the statement, size(x, 0) for a tensor",
    ),
    ("y_i = size(x, 2)*x_i", "size(x, 2): x has no axis 2", (14,), "its axes are 0"),
    (
        "y_i = size(x, 0.5)*x_i",
        "the axis of size is not a whole number",
        (14,),
        "write size(x, 0), or size(x, -1) for the last axis",
    ),
    (
        "let f = t; y_i = f(x_i)",
        "the function f is defined without an argument",
        (4,),
        "write let f(t) = ..., or f = ... for a value",
    ),
    (
        "let f(t) = x_i*t; y_i = f(x_i)",
        "the body of a let function reads a tensor",
        (11,),
        "use its arguments, constants and scalars; pass the element as an argument",
    ),
    (
        "y_i = f(x_i); let f(t) = t",
        "f is used before its let statement",
        (6,),
        "move let f(...) = ... before its use",
    ),
    (
        "let f(t, t) = t; y_i = f(x_i, x_i)",
        "f has two arguments t",
        (9,),
        "give each argument of f a name of its own",
    ),
    ("let f(t) = t; y_i = f(x_i, x_i)", "f takes 1 argument, not 2", (20,), "write f(t)"),
    (
        "let f(t) = t; y_i = f",
        "f is a function and stands here without its argument",
        (20,),
        "write f(...)",
    ),
    (
        "opaque g; y_i = g",
        "g is a function and stands here without its argument",
        (16,),
        "write g(...)",
    ),
    (
        "opaque g; y_i = g(x_i)*g_prime_i",
        "g_prime is the keyword for g', the derivative of an opaque function",
        (23,),
        "use another name than g_prime",
    ),
    ("opaque g; y_i = g(x_i, x_i)", "g takes 1 argument, not 2", (16,), "write g(x)"),
    (
        "opaque 3; y_i = x_i",
        "opaque is followed by the names of functions",
        (7,),
        "write opaque g, and then g(x_ij) in a statement",
    ),
    (
        "y_i = x_i for i",
        "i gives no bound to an index of the left-hand side",
        (14,),
        "write for i < n, with an index of the left-hand side and no index in the bound",
    ),
    (
        "y_i = x_i for j < 3",
        "j < 3 gives no bound to an index of the left-hand side",
        (14,),
        "write for i < n, with an index of the left-hand side and no index in the bound",
    ),
    (
        "y_i = x_i for",
        "something is missing after for",
        (13,),
        "write a value between for and the end of the line, or remove for",
    ),
    (
        "y_i = x_i:3",
        "a colon stands outside the braces of a reduction",
        (9,),
        "write conditions as in sum_{k,l: k<l}; an index runs over its whole axis",
    ),
    (
        "y_i = 3 not x_i",
        "not can't stand here",
        (8,),
        "put the condition in brackets: a and (not b)",
    ),
    (
        "y_i = xᵢ",
        "unknown character ᵢ",
        (7,),
        "write subscripts as x_ij or x[i,j], and numbers in plain digits",
    ),
    (
        "y_i = x₁",
        "unknown character ₁",
        (7,),
        "write subscripts as x_ij or x[i,j], and numbers in plain digits",
    ),
    (
        "y_i = x_i!",
        "unknown character !",
        (9,),
        "write a factorial as exp(lgamma(n + 1))",
    ),
    (
        'y_i = "x"',
        'unknown character "',
        (6,),
        "write names and numbers without quotes",
    ),
    ("y_i = 1/0", "a division by zero", (8,), "divide by something else"),
    (
        "y_i = 1e999*x_i",
        "the number is too large or too long",
        (6,),
        "write numbers between 1e-300 and 1e300",
    ),
    ("y_i = (((2^64)^64)^64)^64*x_i", "the number is too large", (7,), "write a smaller number"),
    (
        "let f(t)=t*t; y_i = f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(f(9))))))))))))))))))*x_i",
        "the number is too large",
        (9,),
        "write a smaller number",
    ),
    (
        "y_i = ______",
        "unknown character _",
        (6,),
        "a name begins with a letter, and a subscript follows its name: x_ij",
    ),
    (
        "y_i = x_i^",
        "something is missing after ^",
        (10,),
        "write a value between ^ and the end of the line, or remove ^",
    ),
    ("y_i = x_i^sum_k w_k", "sum_k can't stand here", (10,), "put the reduction in brackets"),
    ("y_i = delta(i)*x_i", "delta takes 2 arguments, not 1", (6,), "write delta(i, j)"),
    ("y_i = inv(a)*x_i", "inv has two subscripts", (6,), "write inv(a)[i,j]"),
    ("y_i = inv(a)[i]", "inv has two subscripts", (6,), "write inv(a)[i,j]"),
    (
        "y_i = inv(2*a)[i,j]*x_j",
        "inv takes a whole tensor",
        (10,),
        "write inv(a)[i,j] with the name alone",
    ),
    (
        "y_i = pad(3)",
        "pad reads an element of a tensor",
        (10,),
        "write pad(x[i-1]), or pad(x[i-1], v) to read v outside",
    ),
    (
        "y_i = sum_time x[i,time]",
        "index i is bound twice",
        (2, 10),
        "i is on the left-hand side: reduce over another letter, sum_k",
    ),
    ("y_i = argmax_{k,l} x_ikl", "argmax takes one index", (6,), "write argmax_k for one index"),
    (
        "y_i = x_i // 2.5",
        "2.5 is not an integer",
        (13,),
        "write integers, indices, + - * // %, size(...) or elements of integer tensors",
    ),
    (
        "y_i = x_i*exp",
        "exp is a function and stands here without its argument",
        (10,),
        "write exp(...)",
    ),
    (
        "y[i,] = x_i",
        "something is missing after ,",
        (4,),
        "write a value between , and ], or remove ,",
    ),
    ("y_i = x[,i]", "something is missing before ,", (8,), "write a value before ,, or remove ,"),
    ("y_i = x_i 'a", "unknown character '", (10,), "a prime follows the letter of an index: i'"),
    ("y_i = leaky_rel(x_i, 0.1)", "unknown function leaky_rel", (6,), "did you mean leaky_relu?"),
    (
        "y_i = x_i.T",
        "unknown character .",
        (9,),
        "write a transpose with its indices: y_ij = x_ji",
    ),
    (
        "y_i = 3 + -",
        "something is missing after -",
        (11,),
        "write a value between - and the end of the line, or remove -",
    ),
    ("opaque", "opaque is followed by no name", (0,), "write opaque g"),
    ("let", "let is followed by no name", (0,), "write let f(t) = t*tanh(t)"),
    (
        "y_i = x_i;; z_i = sum_q x_i",
        "nothing bounds index q",
        (22,),
        "use q alone in a subscript, or give a bound: q < n",
    ),
    (
        "y_ij = x_ik*w_k + v_jk",
        "index k is used once and never summed",
        (20,),
        "write sum_k v_jk, or put k on the left-hand side",
    ),
    (
        "h_i = 2.5*x_i; y_i = z[h_i]",
        "h is used as an integer, and its values are none",
        (23,),
        "a subscript reads an integer input, argmax_k or index arithmetic",
    ),
    (
        "y_i = size(w, 0)*x_i",
        "size(w, 0): w is read nowhere else, so its axes are not known",
        (14,),
        "read w with its subscripts in a statement",
    ),
    (
        "y_i = x_i + # c",
        "something is missing after +",
        (11,),
        "write a value between + and the end of the line, or remove +",
    ),
    (
        "y_i = sum_{k<=i, k!=0} x_k",
        "index k is bound twice",
        (11, 17),
        "bind each index once, with the conditions after a colon: sum_{k: k<=i, k!=0}",
    ),
    (
        "y_i = a_k*b_k*sum_k c_ik",
        "index k is bound twice",
        (8, 18),
        (
            "the product around it sums over k already (it stands there twice): use "
            "another letter inside"
        ),
    ),
    (
        "y_i = x_i; z_i = x_s*w_s; s = 3",
        "s is a scalar and an index here",
        (19,),
        "use another letter for the index, or another name for the scalar s",
    ),
    ("y_i = softmax(x_i)", "unknown function softmax", (6,), "write exp(x_ij)/sum_k exp(x_ik)"),
    ("y_i = ln(x_i)", "unknown function ln", (6,), "write log(x)"),
    (
        "y_i = x_i % 2.5",
        "2.5 is not an integer",
        (12,),
        "write integers, indices, + - * // %, size(...) or elements of integer tensors",
    ),
    ("y_i = x[1//0]", "a division by zero", (11,), "divide by something else"),
    (
        "y_i = sum_{k<=i} + x_i",
        "sum_{k<=i} has nothing to reduce",
        (6,),
        "write what is reduced behind it; a reduction stops at + or -",
    ),
    (
        "y_i = x_i\nz_i = y_ij",
        "index j is used once and never summed",
        (8,),
        "write sum_j y_ij, or put j on the left-hand side",
    ),
    (
        "x_mean = mean_i x_i\ny_i = x_i - x_mean",
        "x is read before its assignment, in its own statement",
        (16,),
        "x_mean is x with indices; write x_mean[] for a scalar of that name",
    ),
    (
        "y = sum_i size(k)*x_i",
        "size(k): the statement has no index k",
        (15,),
        "write size(i) for an index of the statement, size(k, 0) for a tensor",
    ),
    (
        "y = (sum_k a_k)*(sum_k b_k)*size(k)",
        "size(k): the statement has indices k of different extents",
        (33,),
        "write size(x, 0) for the axis you mean, or rename one k",
    ),
    (
        "opaque g; g_i = x_i",
        "g is assigned and is a function too",
        (10,),
        "use another name for one of the two",
    ),
    ("y_i = (x_i", "( is never closed", (6,), "write the closing bracket )"),
    (
        "y_i = x_i, z_i",
        "a comma stands outside brackets",
        (9,),
        "write one statement for each name",
    ),
    (
        "pad(x_i) = 3",
        "pad(x_i) can't be assigned",
        (0,),
        "write let pad(x_i) = ... for a function of your own",
    ),
    (
        "y_i = 1e5000",
        "the number is too large or too long",
        (6,),
        "write numbers between 1e-300 and 1e300",
    ),
    (
        "let f(t) = sum_k t; y_i = f(x_i)",
        "the body of a let function has the reduction sum",
        (11,),
        "reduce in a statement, and pass the result as an argument",
    ),
    (
        "let f(x_i) = 3; y_i = f(x_i)",
        "an argument of a function is a plain name",
        (6,),
        "write let f(t) = ...",
    ),
    ("opaque g", "the formula has no statement", (0,), "write y_i = f(x_i)"),
    (
        "y_i = sum_k_l x_ikl",
        "sum_k_l begins like the reduction sum, but k_l is no list of indices",
        (6,),
        "write sum_k for a reduction; a name can't begin with sum_",
    ),
    (
        "y_i = x_i*sum_",
        "sum_ has no index after the underscore",
        (10,),
        "write sum_k or sum_{k,l}, then what is reduced",
    ),
    (
        "y_i = x_i for i < 3, i != 2",
        "i != 2 gives no bound to an index of the left-hand side",
        (21,),
        "write for i < n, with an index of the left-hand side and no index in the bound",
    ),
    (
        "let f(t) = t; let f(t) = 2*t; y_i = f(x_i)",
        "the function f is defined twice",
        (4, 18),
        "use another name for one of the two",
    ),
    (
        "y_i = f(x_i)^2; opaque g",
        "unknown function f",
        (6,),
        "write f*(...) for a product, or declare the function: opaque f",
    ),
    (
        "y_ij = x_ik - b_j",
        "index k is used once and never summed",
        (9,),
        "write sum_k x_ik, or put k on the left-hand side",
    ),
    (
        "y_i = x_i; z_i = y_ij*w_j",
        "y has 1 subscript in one place and 2 subscripts in another",
        (0, 17),
        "give y the same number of subscripts everywhere, or use another name",
    ),
    (
        "y_i = x_ij*w_j + x_k*w_k",
        "x has 2 subscripts in one place and 1 subscript in another",
        (6, 17),
        "give x the same number of subscripts everywhere, or use another name",
    ),
    (
        "loss_total = mean_i x_i",
        "index t stands twice on the left-hand side",
        (5,),
        "every letter behind _ is an index; write loss_total[] for a scalar",
    ),
    (
        "loss_sum = mean_i x_i",
        "index s is on the left-hand side, and nothing bounds it",
        (5,),
        "use s as a subscript on the right, or write loss_sum[] for a scalar",
    ),
    (
        "y = x[time]",
        "index time is used once and never summed",
        (6,),
        "write sum_{time} x[time], or put time on the left-hand side",
    ),
    (
        "y_i = 1e301*x_i",
        "the number is too large or too long",
        (6,),
        "write numbers between 1e-300 and 1e300",
    ),
]

# the same for what is declared beside the formula
DECLARATIONS: list[tuple[str, dict[str, Any], str, tuple[int, ...], str]] = [
    (
        "y_i = x_i + c",
        {"constants": {"c": 1, "eps": 2}},
        "the constant eps is never read in the formula",
        (),
        "remove eps from constants",
    ),
    (
        "y_i = x_i",
        {"constants": {"y": 1}},
        "y is assigned and declared as a constant",
        (0,),
        "use another name on the left-hand side, or drop the constant",
    ),
    (
        "y_i = x_i*g_i",
        {"inputs": ["x"]},
        "inputs lacks g, which the formula reads",
        (10,),
        "add g to inputs, assign it in a statement before, or declare it in constants",
    ),
    (
        "y_i = x_i",
        {"inputs": ["x", "z"]},
        "inputs has z, which is never read in the formula",
        (),
        "remove z from inputs",
    ),
    (
        "y_i = x_i*gamma_i",
        {"params": ["gama"]},
        "params has gama, which is never read in the formula",
        (),
        "did you mean gamma?",
    ),
    (
        "y_i = x_i",
        {"outputs": ["z"]},
        "outputs has z, which is never assigned in the formula",
        (),
        "remove z from outputs",
    ),
    ("y_i = x_i", {"outputs": []}, "outputs is empty", (), "name one assigned tensor at least"),
    (
        "y_i = x_i",
        {"wrt": ["w"]},
        "wrt has w, which is never read in the formula",
        (),
        "remove w from wrt",
    ),
    (
        "y_i = x[t_i]",
        {"wrt": ["t"]},
        "wrt has t, which is used as an integer and has no gradient",
        (8,),
        "remove t from wrt",
    ),
    ("y_i = x_i", {"inputs": ["x", "x"]}, "inputs lists x twice", (), "list x once"),
    (
        "y_i = x_i",
        {"inputs": "x y"},
        "inputs is a text, and a list of names belongs there",
        (),
        "write inputs = ['x', 'y']",
    ),
    (
        "y_i = x_i",
        {"inputs": ["2x"]},
        "inputs has '2x', which is no name",
        (),
        "a name has letters, then letters, digits and underscores",
    ),
    (
        "y_i = x_i",
        {"inputs": ["max_x"]},
        "inputs has max_x, which begins like a reduction",
        (),
        "use another name: max_ starts a reduction in a formula",
    ),
    (
        "y_i = x_i*c",
        {"constants": {"c": "1"}},
        "the constant c is '1', which is no number",
        (),
        "write c = 1.0",
    ),
    (
        "y_i = x_i",
        {"inputs": ["y", "x"]},
        "inputs has y, which is assigned in the formula",
        (),
        "remove y from inputs",
    ),
    (
        "y_i = c*x_i",
        {"constants": {"c": 1}, "inputs": ["x", "c"]},
        "inputs has c, which is a constant too",
        (),
        "declare c once",
    ),
    (
        "y_n = x_n",
        {"constants": {"n": 3}},
        "n is a scalar and an index here",
        (2,),
        "use another letter for the index, or another name for the scalar n",
    ),
    (
        "y_i = x[i*s]",
        {"constants": {"s": 1.5}},
        "the constant s is 1.5, and an index needs an integer",
        (8,),
        "give s an integer value",
    ),
    (
        "y_i = c*x_i",
        {"constants": {"c": 1}, "wrt": ["c"]},
        "wrt has c, which is a constant too",
        (),
        "a constant has no gradient: drop it, and c is an input",
    ),
    (
        "y_i = x_i",
        {"params": {"x": 1}},
        "params is no list of names",
        (),
        'write params = ["x", "y"]',
    ),
    (
        "y_i = c*x_i",
        {"constants": {"c": float("nan")}},
        "the constant c is not a number",
        (),
        "write c = 1.0",
    ),
    (
        "y_i = n*x[n]",
        {"inputs": ["n", "x"]},
        "index i is on the left-hand side, and nothing bounds it",
        (2,),
        "use i as a subscript on the right, or give a bound: for i < n",
    ),
    (
        "y_i = a(x_i)",
        {"inputs": ["a", "x"]},
        "a is no function, and a bare name before ( is a call",
        (6,),
        "write a*(x_i) for a product",
    ),
]


@pytest.mark.parametrize(("formula", "message", "columns", "advice"), MISTAKES)
def test_a_mistake_has_its_message_place_and_advice(
    formula: str, message: str, columns: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        Layer("L", formula)
    error = caught.value
    assert (error.message, error.columns, error.advice) == (message, columns, advice)


@pytest.mark.parametrize(("formula", "declared", "message", "columns", "advice"), DECLARATIONS)
def test_a_declaration_that_does_not_fit_has_its_message(
    formula: str, declared: dict[str, Any], message: str, columns: tuple[int, ...], advice: str
) -> None:
    with pytest.raises(FormulaError) as caught:
        Layer("L", formula, **declared)
    error = caught.value
    assert (error.message, error.columns, error.advice) == (message, columns, advice)


def test_a_message_shows_the_line_with_a_caret_and_the_advice() -> None:
    with pytest.raises(FormulaError) as caught:
        Layer("L", "h_j = b_j\ny_ij = x_ik + h_j")
    assert str(caught.value).splitlines() == [
        "index k is used once and never summed",
        "  y_ij = x_ik + h_j",
        "           ^",
        "  write sum_k x_ik, or put k on the left-hand side",
    ]
    assert caught.value.line_number == 2
    assert caught.value.line == "y_ij = x_ik + h_j"


def test_places_on_two_lines_are_shown_on_both() -> None:
    with pytest.raises(FormulaError) as caught:
        Layer("L", "y_i = x_i\ny_i = 2*x_i")
    assert str(caught.value).splitlines()[1:5] == ["  y_i = x_i", "  ^", "  y_i = 2*x_i", "  ^"]


def test_a_long_line_is_cut_around_its_first_caret() -> None:
    error = FormulaError("wrong", "x" * 500 + "!" + "x" * 500, [Span(500, 501)])
    shown, carets = str(error).splitlines()[1:]
    assert len(shown) < 180
    assert shown[carets.index("^")] == "!"


def test_a_caret_stands_under_its_place_behind_accents_and_wide_letters() -> None:
    error = FormulaError("wrong", "x\u0302 + 数 !", [Span(7, 8)])
    assert str(error).splitlines()[2] == "         ^"
