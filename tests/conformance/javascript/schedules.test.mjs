import assert from "node:assert/strict";
import { test } from "node:test";
import { Schedule } from "@io-orkes/conductor-javascript";
import { eventually, registered, schedules, unique, workflows } from "./support.mjs";

const wait = { name: "pause", taskReferenceName: "pause", type: "WAIT" };
const NIGHTLY = "0 0 2 * * *";

async function saved(cronExpression = NIGHTLY) {
  const name = unique("schedule");
  const workflow = await registered(wait);
  await schedules.saveSchedule({
    name,
    cronExpression,
    startWorkflowRequest: { name: workflow, version: 1, input: { by: "clock" } },
  });
  return { name, workflow };
}

test("schedules are saved, read, paused, resumed and deleted", async () => {
  const { name, workflow } = await saved();
  assert.equal((await schedules.getSchedule(name)).cronExpression, NIGHTLY);
  assert.deepEqual((await schedules.getAllSchedules(workflow)).map((each) => each.name), [name]);
  await schedules.pauseSchedule(name, "for the holidays");
  assert.equal((await schedules.getSchedule(name)).pausedReason, "for the holidays");
  await schedules.resumeSchedule(name);
  assert.ok(!(await schedules.getSchedule(name)).paused);
  await schedules.deleteSchedule(name);
  assert.deepEqual(await schedules.getAllSchedules(workflow), []);
});

test("the next times are told ahead", async () => {
  const from = Date.UTC(2030, 0, 1);
  const times = await schedules.getNextFewSchedules(NIGHTLY, from, undefined, 3);
  assert.deepEqual(times, [1, 2, 3].map((day) => Date.UTC(2030, 0, day, 2)));
});

test("a schedule starts its workflow, and its executions are found", async () => {
  const { name, workflow } = await saved("* * * * * *");
  const found = await eventually(
    () => schedules.search(0, 10, undefined, "*", `scheduleName IN (${name}) AND state IN (EXECUTED)`),
    (page) => page.totalHits > 0,
  );
  await schedules.deleteSchedule(name);
  const [execution] = found.results;
  const started = await workflows.getWorkflow(execution.workflowId, false);
  assert.equal(started.workflowName, workflow);
  assert.equal(started.input.by, "clock");
});

test("schedules carry tags", async () => {
  const { name } = await saved();
  const tag = { key: "team", value: "violins", type: "METADATA" };
  await schedules.setSchedulerTags([tag, { ...tag, key: "cost" }], name);
  await schedules.deleteSchedulerTags([{ ...tag, key: "cost" }], name);
  assert.deepEqual((await schedules.getSchedulerTags(name)).map((each) => each.key), ["team"]);
  await schedules.deleteSchedule(name);
});

test("all schedules are paused and resumed at once", async () => {
  await schedules.requeueAllExecutionRecords();
  await schedules.pauseAllSchedules();
  await schedules.resumeAllSchedules();
});

test("the schedules of one workflow are kept by short names", async () => {
  const workflow = await registered(wait);
  const nightly = new Schedule({ name: "nightly", cron: NIGHTLY, input: { by: "hand" } });
  const wireName = `${workflow}-nightly`;
  await schedules.save(nightly, workflow);
  const info = await schedules.get(wireName, workflow);
  assert.deepEqual([info.shortName, info.cron, info.agent], ["nightly", NIGHTLY, workflow]);
  await schedules.pause(wireName, "for the holidays");
  const [paused] = await schedules.listForAgent(workflow);
  assert.deepEqual([paused.paused, paused.pausedReason], [true, "for the holidays"]);
  await schedules.resume(wireName);
  const execution = await workflows.getWorkflow(await schedules.runNow(info), false);
  assert.deepEqual(execution.input, { by: "hand" });
  await schedules.reconcile(workflow, [new Schedule({ name: "hourly", cron: "0 0 * * * *" })]);
  const kept = await schedules.listForAgent(workflow);
  assert.deepEqual(kept.map((each) => each.shortName), ["hourly"]);
  await schedules.delete(`${workflow}-hourly`);
  await assert.rejects(schedules.get(wireName, workflow), /nightly/);
  const from = Date.UTC(2030, 0, 1);
  const [first] = await schedules.previewNext(NIGHTLY, { n: 1, startAt: from });
  assert.equal(first, Date.UTC(2030, 0, 1, 2));
});
