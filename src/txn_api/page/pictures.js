// The picture of each question, and how to read it, in the order in which they are shown. A question without one shows its numbers.

import { fraudByState, whomFraudHits } from "./pictures_fraud.js";
import { growth, leadingMerchants, preferences, segments, spendByRegion, womenAndMen } from "./pictures_money.js";
import { ages, distance, retention, week } from "./pictures_people.js";

export const PICTURES = {
  q01: { picture: spendByRegion, how: "Money net of refunds, a month. Dashed and hollow: a month that has some of its days only, so its sum is lower." },
  q02: { picture: preferences, how: "100: the same share of the spending as of all regions together. Blue is more, orange is less." },
  q09: { picture: growth, how: "Money net of refunds, a day, so that months compare. Percent: change from the month before. Hollow: some days only." },
  q05: { picture: week, how: "Transactions: the darker, the more. Hours are UTC, not the customers' own." },
  q03: { picture: womenAndMen, how: "Money net of refunds, an average customer who bought in that category. The longer the line, the larger the difference." },
  q04: { picture: ages, how: "Numbers: percent of an age band's transactions. Colours: blue is more than the mean of the row, orange is less." },
  q07: { picture: fraudByState, how: "A point for each state; the line is its 95 % interval. Long lines: few transactions." },
  q06: { picture: leadingMerchants, how: "The first three of each category, by what they take net of refunds." },
  q10: { picture: segments, how: "Percent of all the money. Customers in thirds: how lately, how often, how much." },
  q08: { picture: whomFraudHits, how: "Frauds in 10,000 labelled transactions. The darker, the more." },
  q11: { picture: retention, how: "Of the customers who began in a month, how many were there again. White is 0 %, the darkest 100 %." },
  q12: { picture: distance, how: "From the customer's home to the merchant, by the size of the place where the customer lives." },
};
