// Amounts for people: the service says the decimals and the sign, since it knows the currencies.

import { DECIMALS } from "./currencies.js";
import { element } from "./elements.js";

/** What an amount is made of, for `fields`. */
export const AMOUNT_FIELDS = "amount_minor,amount,currency";

/** `-12.34 EUR`, with the minor units in the title; a currency that is no longer known has them alone. */
export function money({ amount, amount_minor: minor, currency }) {
  const units = `${minor} minor units of ${currency}`;
  const made = element("span", { text: amount === null ? units : `${amount} ${currency}` });
  made.title = units;
  return made;
}

/** The same of minor units alone, such as a sum: it has no type, and so no sign. */
export function sum({ amount_minor: minor, currency }) {
  const decimals = DECIMALS[currency];
  if (decimals === undefined) {
    return money({ amount: null, amount_minor: minor, currency });
  }
  const digits = String(minor).padStart(decimals + 1, "0");
  const cut = digits.length - decimals;
  const amount = decimals ? `${digits.slice(0, cut)}.${digits.slice(cut)}` : digits;
  return money({ amount, amount_minor: minor, currency });
}
