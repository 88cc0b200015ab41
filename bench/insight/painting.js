// Goes to a place of the page, and tells when the picture of a question is painted: two frames after it is there.
const [fragment, questions, done] = arguments;
const pictures = () => questions.map((id) => document.querySelector(`#chart-${id} svg`));
const before = new Set(pictures());
const painted = new Map();
const asked = (id) => performance.getEntriesByType("resource")
  .filter(({ name }) => new URL(name).pathname === `/insight/questions/${id}`).at(-1);

function tell(began) {
  done(questions.map((id) => {
    const { startTime, responseStart } = asked(id);
    const at = painted.get(id);
    return { question: id, answered_ms: at - responseStart, asked_ms: at - startTime, entered_ms: at - began };
  }));
}

performance.clearResourceTimings();
performance.setResourceTimingBufferSize(1000);
const began = performance.now();
const watching = new MutationObserver(() => {
  questions.forEach((id, at) => {
    const picture = pictures()[at];
    if (picture && !before.has(picture) && !painted.has(id)) {
      painted.set(id, 0);
      requestAnimationFrame(() => requestAnimationFrame(() => {
        painted.set(id, performance.now());
        if (painted.size === questions.length && !Array.from(painted.values()).includes(0)) {
          watching.disconnect();
          tell(began);
        }
      }));
    }
  });
});
watching.observe(document.body, { childList: true, subtree: true });
location.hash = fragment;
