// Puts the page together. No build step: browsers load these modules as they stand.

import { startHealth } from "./health.js";
import { startKey } from "./key.js";
import { addLaterViews } from "./later_views.js";
import { startLookup } from "./lookup.js";
import { addView, startRouter } from "./router.js";
import { startSample } from "./sample.js";
import { startUpload } from "./upload.js";

addView({ name: "entrance" });
addView({ name: "nowhere", title: "No such page" });
startKey();
startLookup();
addLaterViews();
startUpload();
startSample();
startHealth();
startRouter();
