// The queue and the cases, which begin once their files are there.

import { enterAlerts, startAlerts } from "./alerts.js";
import { enterCase, startCase } from "./case.js";
import { leaveLive, startLive } from "./live.js";

startAlerts();
startCase();
startLive();

export { enterAlerts, enterCase, leaveLive };
