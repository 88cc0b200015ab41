// Card numbers: made-up ones for samples, and a look at text that is about to stand in a URL.

const LENGTH = 16;
// As many digits as a card number has at least, whatever separates them: more than the service takes for one.
const LOOKS_LIKE_ONE = /\p{Nd}(?:[^\p{L}\p{N}]*\p{Nd}){11}/u;
// More digits than may be shown of a card number's beginning, which is somebody's who types one.
const BEGINS_LIKE_ONE = /^[^\p{L}\p{N}]*(?:\p{Nd}[^\p{L}\p{N}]*){7}/u;
const DIGITS_ALONE = /^[0-9]{8,19}$/;

/** A random number that passes Luhn and begins with 9, which ISO/IEC 7812 leaves to national bodies. */
export function madeUpCardNumber() {
  const random = crypto.getRandomValues(new Uint8Array(LENGTH - 2));
  const digits = `9${Array.from(random, (byte) => byte % 10).join("")}`;
  return digits + checkDigit(digits);
}

export function looksLikeCardNumber(text) {
  return LOOKS_LIKE_ONE.test(text.normalize("NFKC"));
}

/** Whether a text that is still being typed may become a card number. */
export function beginsLikeCardNumber(text) {
  return looksLikeCardNumber(text) || BEGINS_LIKE_ONE.test(text.normalize("NFKC"));
}

/** Whether a text is digits with a check digit, but for what separates them; an id may hold such, but not be one. */
export function isCardNumber(text) {
  const digits = text.normalize("NFKC").replace(/[\s_-]/g, "");
  return DIGITS_ALONE.test(digits) && checkDigit(digits.slice(0, -1)) === digits.at(-1);
}

/** Every second digit from the right is doubled, and digit sums are taken (ISO/IEC 7812-1, annex B). */
function checkDigit(digits) {
  const total = Array.from(digits).reverse().reduce((sum, digit, place) => {
    const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
    return sum + (value > 9 ? value - 9 : value);
  }, 0);
  return String((10 - (total % 10)) % 10);
}
