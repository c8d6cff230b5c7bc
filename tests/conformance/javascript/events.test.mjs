import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitStatus, events, eventually, started, unique } from "./support.mjs";

const wait = { name: "pause", taskReferenceName: "pause", type: "WAIT" };

async function added(action, fields = {}) {
  const handler = { name: unique("handler"), event: `sqs:${unique("orders")}`, active: true };
  await events.addEventHandler({ ...handler, actions: [action], ...fields });
  return handler;
}

function starts(name) {
  return { action: "start_workflow", start_workflow: { name, version: 1 } };
}

test("event handlers are added, read, changed and removed", async () => {
  const { name, event } = await added(starts("none"));
  const other = { name: unique("handler"), event, active: false, actions: [starts("none")] };
  await events.addEventHandlers([other]);
  assert.equal((await events.getEventHandlerByName(name)).event, event);
  assert.deepEqual((await events.getEventHandlersForEvent(event, true)).map((e) => e.name), [name]);
  assert.equal((await events.getEventHandlersForEvent(event)).length, 2);
  await events.updateEventHandler({ ...other, active: true });
  assert.equal((await events.getEventHandlersForEvent(event, true)).length, 2);
  await events.removeEventHandler(name);
  await assert.rejects(events.getEventHandlerByName(name), /not found/);
  for (const listed of [events.getAllEventHandlers(), events.test()]) {
    assert.ok((await listed).some((each) => each.name === other.name));
  }
});

test("event handlers have tags", async () => {
  const { name } = await added(starts("none"));
  await events.putTagForEventHandler(name, [{ key: "team", value: "a" }, { key: "b", value: "c" }]);
  await events.deleteTagForEventHandler(name, { key: "b", value: "c" });
  assert.equal((await events.getTagsForEventHandler(name))[0].value, "a");
  await events.deleteTagsForEventHandler(name, [{ key: "team", value: "a" }]);
  assert.deepEqual(await events.getTagsForEventHandler(name), []);
});

test("an incoming event ends a task, and is remembered", async () => {
  const workflowId = await started(wait);
  const complete_task = { workflowId: "${flow}", taskRefName: "pause", output: { n: "${n}" } };
  const { name, event } = await added({ action: "complete_task", complete_task });
  await events.handleIncomingEvent({ event, flow: workflowId, n: "1" });
  assert.equal((await awaitStatus(workflowId, "COMPLETED")).output.n, "1");
  const [execution] = await eventually(
    () => events.getEventExecutions(name),
    (found) => found[0]?.status === "COMPLETED",
  );
  assert.equal(execution.event, event);
  const { results } = await events.getAllActiveEventHandlers();
  assert.equal(results.find((each) => each.name === name).numberOfMessages, 1);
});

test("an event that nobody handles is told of", async () => {
  const event = `sqs:${unique("nobody")}`;
  await events.handleIncomingEvent({ event, n: "1" });
  const found = await eventually(() => events.getEventMessages(event), (all) => all.length > 0);
  assert.deepEqual(found[0].fullPayload, { n: "1" });
  const { results } = await events.getEventHandlersWithStats();
  assert.ok(results.some((each) => each.event === event));
});

test("queues are not configured over the API", async () => {
  await assert.rejects(events.getAllQueueConfigs(), /There is nothing at \/api\//);
  await assert.rejects(events.getQueueConfig("sqs", "a"), /There is nothing at \/api\//);
  await assert.rejects(events.putQueueConfig("sqs", "a", "{}"), /There is nothing at \/api\//);
  await assert.rejects(events.deleteQueueConfig("sqs", "a"), /There is nothing at \/api\//);
  await assert.rejects(events.testConnectivity({}), /There is nothing at \/api\//);
});
