// Puts the page together. No build step: browsers load these modules as they stand.

import { startExplorer } from "./explorer_view.js";
import { startHealth } from "./health.js";
import { startInsight } from "./insight.js";
import { startKey } from "./key.js";
import { startLookup } from "./lookup.js";
import { startOperations } from "./operations.js";
import { startQuality } from "./quality.js";
import { startReview } from "./review_view.js";
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
startReview();
startQuality();
startUpload();
startSample();
startOperations();
startHealth();
startRouter();
