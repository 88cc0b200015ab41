// node's fetch: two posts, an upload whose length is known, one that is streamed, and a read. Prints a status a line.
const [url, key, prefix, line] = process.argv.slice(2);
const json = { Authorization: key, "Content-Type": "application/json" };
const ndjson = { Authorization: key, "Content-Type": "application/x-ndjson" };
const transaction = (number) => line.replace("ID", `${prefix}-${number}`);
const said = async (answer) => console.log(answer.status, (await answer.text()).length > 0);

for (const number of [0, 1]) await said(await fetch(`${url}/transactions`, { method: "POST", headers: json, body: transaction(number) }));
await said(await fetch(`${url}/transactions/bulk`, { method: "POST", headers: ndjson, body: `${transaction(2)}\n${transaction(3)}\n` }));
const lines = new ReadableStream({
  async pull(controller) {
    for (const number of [4, 5]) controller.enqueue(new TextEncoder().encode(`${transaction(number)}\n`));
    controller.close();
  },
});
await said(await fetch(`${url}/transactions/bulk`, { method: "POST", headers: ndjson, body: lines, duplex: "half" }));
await said(await fetch(`${url}/healthz`));
