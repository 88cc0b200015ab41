// Views whose files are loaded when somebody goes there: most visits need none of them.

import { Problem } from "./api.js";
import { byId } from "./elements.js";
import { showProblem } from "./problem.js";
import { addView } from "./router.js";

/** Add a view as `addView` does. The module that `load` gives has its `enter`. */
export function addLater(view, load) {
  addView({ ...view, async enter(...address) {
    const module = await load().catch(() => null);
    if (module) {
      module.enter(...address);
    } else {
      const place = byId(`${view.section ?? view.name}-problem`);
      showProblem(place, new Problem({ title: "This page did not load", detail: "Load it again, please." }));
    }
  } });
}
