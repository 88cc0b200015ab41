// Puts the page together. No build step: browsers load these modules as they stand.

import { startAlerts } from "./alerts.js";
import { startCase } from "./case.js";
import { startExplorer } from "./explorer_view.js";
import { startHealth } from "./health.js";
import { startInsight } from "./insight.js";
import { startKey } from "./key.js";
import { startLive } from "./live.js";
import { startLookup } from "./lookup.js";
import { addView, startRouter } from "./router.js";
import { startSample } from "./sample.js";
import { startTransaction } from "./transaction.js";
import { startUpload } from "./upload.js";

addView({ name: "entrance" });
addView({ name: "nowhere", title: "No such page" });
startKey();
startLookup();
startTransaction();
startInsight();
startExplorer();
startAlerts();
startCase();
startLive();
startUpload();
startSample();
startHealth();
startRouter();
