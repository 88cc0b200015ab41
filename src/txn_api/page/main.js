// Puts the page together. No build step: browsers load these modules as they stand.

import { startAlerts } from "./alerts.js";
import { startCase } from "./case.js";
import { startHealth } from "./health.js";
import { startKey } from "./key.js";
import { addLater } from "./later.js";
import { startLookup } from "./lookup.js";
import { startOperations } from "./operations.js";
import { addView, startRouter } from "./router.js";
import { startSample } from "./sample.js";
import { startTransaction } from "./transaction.js";
import { startUpload } from "./upload.js";

addView({ name: "entrance" });
addView({ name: "nowhere", title: "No such page" });
startKey();
startLookup();
startTransaction();
addLater({
  name: "insight", needsKey: true, label: "Insight",
  about: "Twelve questions about customers, regions, merchants and fraud, each answered by a picture.",
}, () => import("./insight.js"));
addLater({ name: "insight/", section: "insight", needsKey: true, title: "Insight" }, () => import("./insight.js"));
addLater({
  name: "explorer", needsKey: true, label: "Explorer",
  about: "What customers spend, by month, state, category and more: choose one, and all others follow.",
}, () => import("./explorer.js"));
startAlerts();
startCase();
startUpload();
startSample();
startOperations();
startHealth();
startRouter();
