// What the pages use of Vega and Vega-Lite. Expressions are interpreted: the page's policy forbids code that is made of texts.

export { parse, View } from "vega";
export { expressionInterpreter } from "vega-interpreter";
export { compile } from "vega-lite";
