import { expect, test } from "vitest";
import { Tensor, tensor } from "../../tensor/index.ts";
import { isInside } from "../domain.ts";
import { parseConstant, parseDomain, parseExpression } from "./index.ts";

const float64 = (value: number | number[] | number[][]) => tensor(value, { dtype: "float64" });

/** The value of a formula, its variables given in order. */
function value(text: string, ...parameters: (number | number[] | number[][])[]): number {
  const { f, variables } = parseExpression(text);
  return f(Object.fromEntries(variables.map(({ name }, i) => [name, float64(parameters[i])]))).item();
}

test("formulas mean what mathematics means by them", () => {
  const x = 0.7;
  const cases: [string, number][] = [
    ["3*x+2", 3 * x + 2],
    ["-x^2", -(x ** 2)],
    ["2^3^2 + x - x", 512],
    ["2x^2 - 3(x + 1)", 2 * x ** 2 - 3 * (x + 1)],
    ["2^-x", 2 ** -x],
    ["8/2/2*x", 2 * x],
    ["x - 1 - 2", x - 3],
    ["max(0, 1-x)", 1 - x],
    ["max(0.9*x, -0.1*x)", 0.9 * x],
    ["if(x>0, x, exp(x)-1)", x],
    ["log(1+exp(x))-0.3*x", Math.log1p(Math.exp(x)) - 0.3 * x],
    ["x^2+exp(-1e6*(x-0.3)^2)/1000", x ** 2],
    ["10+x^2-10*cos(2*pi*x)", 10 + x ** 2 - 10 * Math.cos(2 * Math.PI * x)],
    ["|x - 2| + |-x|", 1.3 + x],
    ["||x||^2", x ** 2],
    ["e^x", Math.exp(x)],
    ["x*normcdf(x)", 0.5306254434],
    ["sqrt(x)·2 − x", 2 * Math.sqrt(x) - x],
    ["2.*x", 2 * x],
    ["2.5*x", 2.5 * x],
    ["log10(100)*x", 2 * x],
  ];
  for (const [text, expected] of cases) expect(value(text, x), text).toBeCloseTo(expected, 6);
});

test("data stand after the formula or in options, and give variables their shapes", () => {
  const squares = parseExpression("0.5*sum((X*w-y)^2), X=[[1,2],[3,4],[5,6]], y=[1,2,3]");
  expect(squares.variables).toEqual([{ name: "w", shape: [2] }]);
  expect(squares.f({ w: float64([0, 0.5]) }).item()).toBe(0);
  expect(squares.f({ w: float64([1, 1]) }).item()).toBe(0.5 * (4 + 25 + 64));
  const given = parseExpression("sum(log(1+exp(-s.*(X*w)))), s=[1,-1,1]", {
    values: {
      X: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
    },
    variables: ["w(2)"],
  });
  expect(given.f({ w: float64([0, 0]) }).item()).toBeCloseTo(3 * Math.LN2, 12);
  expect(parseConstant("[1, 2; 3, 4]").toArray()).toEqual([
    [1, 2],
    [3, 4],
  ]);
  expect(parseConstant("-1e-3").item()).toBe(-0.001);
});

test("rows, columns and matrices multiply", () => {
  expect(value("||I-u*v^T||_F^2", [1, 2], [3, 4])).toBeCloseTo((1 - 3) ** 2 + 4 ** 2 + 6 ** 2 + (1 - 8) ** 2, 10);
  expect(value("u'*v, u(3), v(3)", [1, 2, 3], [4, 5, 6])).toBe(32);
  expect(value("w'*A*w, A=[[2,1],[1,3]]", [1, 2])).toBe(2 + 4 + 12);
  expect(value("sum(u.*v), u(2), v(2)", [1, 2], [3, 4])).toBe(11);
  expect(value("||w||_1 + ||w||_inf, w(3)", [1, -4, 2])).toBe(11);
  expect(value("logdet(A*diag(w)), A=[[2,0],[0,3]]", [1, 4])).toBeCloseTo(Math.log(24), 12);
  expect(() => value("u*v, u(2), v(2)", [1, 2], [3, 4])).toThrow(
    "Write u.*v (entry by entry), u'*v (a number) or u*v' (a matrix).",
  );
  expect(() => parseExpression("sum(X*w), X=[[1,2],[3,4]], w(3)")).toThrow("2 columns meet 3 rows");
});

test("bars, roots, powers and transposes as they are printed in books", () => {
  expect(value("‖x‖² + |y|", [3, 4], -2)).toBe(27);
  expect(value("√(x)·2 + √4·x", 9)).toBe(6 + 18);
  expect(value("2x² + x³", 3)).toBe(18 + 27);
  expect(value("uᵀv + u.T @ v + u'*v, u(2), v(2)", [1, 2], [3, 4])).toBe(33);
  expect(value("|x - 1| - |-x|", -2)).toBe(1);
  expect(value("x₁ + x₂", 1, 2)).toBe(3);
});

test("the names of CVXPY mean what they mean there", () => {
  const cases: [string, number][] = [
    ["sum_squares(x)", 25],
    ["norm1(x)", 7],
    ["norm_inf(x)", 4],
    ["norm2(x)", 5],
    ["pnorm(x, 3)", 91 ** (1 / 3)],
    ["log_sum_exp(x)", Math.log(Math.exp(3) + Math.exp(-4))],
    ["quad_form(x, P), P=[[2,1],[1,3]]", 2 * 9 - 2 * 12 + 3 * 16],
    ["quad_over_lin(x, 5)", 5],
    ["matrix_frac(x, P), P=[[2,0],[0,4]]", 9 / 2 + 4],
    ["sum(inv_pos(maximum(x, 1)))", 1 / 3 + 1],
    ["sum(scalene(x, 2, 3))", 6 + 12],
    ["tv(x) + ptp(x)", 14],
    ["sum(multiply(x, x))", 25],
  ];
  for (const [text, expected] of cases) expect(value(text, [3, -4]), text).toBeCloseTo(expected, 12);
  expect(value("geo_mean(x) + harmonic_mean(x) + inv_prod(x)", [4, 1])).toBeCloseTo(2 + 1.6 + 0.25, 12);
  expect(value("kl_div(x, y) + rel_entr(x, y)", 2, 3)).toBeCloseTo(4 * Math.log(2 / 3) + 1, 12);
  expect(value("log_det(A*x) - tr_inv(A), A=[[2,0],[0,4]]", 3)).toBeCloseTo(Math.log(72) - 0.75, 12);
});

test("data stand before the formula as well, and behind the word where", () => {
  for (const text of [
    "X=[[1,2],[3,4]], y=[1,2], 0.5*sum((X*w-y)^2)",
    "X=[[1,2],[3,4]]; 0.5*sum((X*w-y)^2); y=[1,2]",
    "w(2), 0.5*sum((X*w-y)^2) where X=[[1,2],[3,4]], y=[1,2]",
    "X=[1,2; 3,4],\n y=[1,2],\n 0.5*sum((X*w-y)^2)",
  ]) {
    const { variables, f } = parseExpression(text);
    expect(variables, text).toEqual([{ name: "w", shape: [2] }]);
    expect(f({ w: float64([1, 1]) }).item(), text).toBe(0.5 * (4 + 25));
  }
  expect(() => parseExpression("X=[1,2]")).toThrow("the formula that uses them is missing");
});

test("a size that nothing tells is assumed aloud", () => {
  const { variables, assumed } = parseExpression("norm(x)^2");
  expect(variables).toEqual([{ name: "x", shape: [2] }]);
  expect(assumed).toEqual(['x is taken to have 2 entries; for another number write ", x(3)" after the formula']);
  expect(parseExpression("norm(x)^2, x(5)").assumed).toEqual([]);
});

test("errors point at the place and say what to write", () => {
  const cases: [string, RegExp][] = [
    ["", /there is no formula/],
    ["x +", /x \+\n {3}\^\nthe end stands where a number/],
    ["x $ 2", /x \$ 2\n {2}\^\nno formula has "\$"/],
    ["(x + 1", /"\(" needs "\)" here, not the end/],
    [
      "sum((X*w)^2), X=data/rows.csv",
      /\n {25}\^\na formula reads no files\. Give the data of X as an option: --param X=data\/rows\.csv\./,
    ],
    ["sum(X*w), X=../rows.npy", /--param X=\.\.\/rows\.npy\./],
    ["A + x, x(2)", /A has no value\. Give it one/],
    ["x y", /"y" does not continue the formula/],
    ["sin(x, 2)", /sin takes 1 argument, not 2/],
    ["sofplus(x)", /there is no function "sofplus". Did you mean "softplus"/],
    ["sum((X*w-y)^2), y=[1,2]", /X has no value/],
    ["x, y=3", /y has a value, but the formula does not name it/],
    ["sum(X*w), X=[[1,2],[3]]", /the rows of a matrix have the same length/],
    ["x^2, w(0)", /whole numbers from 1/],
    ["2*|x - 1", /2\*\|x - 1\n {8}\^\n\| opens at the 3\. character and needs "\|" to close it here, not the end/],
    ["X=[1,2],\n sum(X.*w) + )", /^ sum\(X\.\*w\) \+ \)\n {13}\^\n/m],
    ["norm_1(x) + sum_square(x)", /\n {12}\^\nthere is no function "sum_square"\. Did you mean/],
  ];
  for (const [text, message] of cases) expect(() => parseExpression(text), text).toThrow(message);
  expect(() => parseExpression("x+z", { variables: ["x"] })).toThrow(/z has no value/);
  expect(() => parseExpression("A*x", { values: { A: [[1, Number.NaN]] } })).toThrow("A contains NaN");
});

test("domains are boxes, half-spaces and cones", () => {
  const variables = ["x", "y", "z"].map((name) => ({ name, shape: [] }));
  expect(parseDomain("1<=x<=2", [variables[0]])).toMatchObject({
    box: [{ lower: 1, upper: 2 }],
    open: [{ lower: false, upper: false }],
  });
  const positive = parseDomain("x>0, -y<=0", variables);
  expect(positive.box.map(({ lower }) => lower)).toEqual([0, 0, -Infinity]);
  expect(positive.open.map(({ lower }) => lower)).toEqual([true, false, true]);
  expect(isInside(positive, [1, 0, 5])).toBe(true);
  expect(isInside(positive, [0, 0, 5])).toBe(false);
  const half = parseDomain("x + 2*y <= 3, z > x", variables);
  expect(half.halfSpaces).toEqual([
    { normal: [1, 2, 0], offset: 3, strict: false },
    { normal: [1, 0, -1], offset: 0, strict: true },
  ]);
  expect(isInside(half, [1, 0.5, 2])).toBe(true);
  expect(isInside(half, [1, 1.5, 2])).toBe(false);
  const cone = parseDomain("x>0, x*z>y^2", variables);
  expect(cone.cones).toEqual([
    {
      entries: [
        [0, 1],
        [1, 2],
      ],
    },
  ]);
  expect(isInside(cone, [1, 0.5, 1])).toBe(true);
  expect(isInside(cone, [1, 1.5, 1])).toBe(false);
  expect(parseDomain("w > 0", [{ name: "w", shape: [3] }]).box.map(({ lower }) => lower)).toEqual([0, 0, 0]);
  expect(parseDomain("R^3", variables).text).toBe("R^3");
});

test("a domain that is empty or of another kind is refused", () => {
  const variables = ["x", "y"].map((name) => ({ name, shape: [] }));
  expect(() => parseDomain("x>1, x<0", variables)).toThrow("is empty");
  expect(() => parseDomain("x^2+y^2<=1", variables)).toThrow("positive definite cones");
  expect(() => parseDomain("q>0", variables)).toThrow("q is no variable of the formula, which has x, y");
  expect(() => parseDomain("x", variables)).toThrow("a domain is given by comparisons");
  expect(() => parseDomain("1>0", variables)).toThrow("names no variable");
});

test("values of the wrong kind are refused", () => {
  expect(() => parseConstant("[1, x]")).toThrow("a value is made of numbers, and x is none");
  expect(parseExpression("X*1", { values: { X: new Tensor(float64(2).node) } }).variables).toEqual([]);
});
