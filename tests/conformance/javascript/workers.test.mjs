import assert from "node:assert/strict";
import { test } from "node:test";
import {
  NonRetryableException,
  simpleTask,
  TaskHandler,
  TaskManager,
} from "@io-orkes/conductor-javascript";
import { awaitStatus, eventually, metadata, registered, sdk, tasks, unique, workflows } from "./support.mjs";

const client = sdk.getClient();
const quiet = { info() {}, debug() {}, warn() {}, error() {} };

async function withWorkers(workers, act) {
  const manager = new TaskManager(client, workers, {
    logger: quiet,
    options: { pollInterval: 10, concurrency: 4 },
  });
  manager.startPolling();
  try {
    return await act();
  } finally {
    await manager.stopPolling();
  }
}

test("workers take tasks in batches and report, one task after the other", async () => {
  const name = unique("step");
  const flow = await registered(
    simpleTask("one", name, { n: 1 }),
    simpleTask("two", name, { n: "${one.output.n}" }),
    simpleTask("three", name, { n: "${two.output.n}" }),
  );
  const execute = ({ inputData }) => ({
    status: "COMPLETED",
    outputData: { n: inputData.n + 1 },
    logs: [{ log: `had ${inputData.n}`, createdTime: Date.now() }],
  });
  await withWorkers([{ taskDefName: name, execute }], async () => {
    const ids = await Promise.all(
      workflows.startWorkflows(Array.from({ length: 8 }, () => ({ name: flow, version: 1 }))),
    );
    for (const id of ids) {
      const workflow = await awaitStatus(id, "COMPLETED");
      assert.equal(workflow.tasks[2].outputData.n, 4);
      const logs = await tasks.getTaskLogs(workflow.tasks[0].taskId);
      assert.deepEqual(logs.map((line) => line.log), ["had 1"]);
    }
  });
});

test("a worker of a domain gets that domain's tasks", async () => {
  const name = unique("domain");
  const flow = await registered(simpleTask("one", name, {}));
  const execute = () => ({ status: "COMPLETED", outputData: { by: "violins" } });
  await withWorkers([{ taskDefName: name, domain: "violins", execute }], async () => {
    const id = await workflows.startWorkflow({
      name: flow, version: 1, taskToDomain: { "*": "violins" },
    });
    assert.equal((await awaitStatus(id, "COMPLETED")).tasks[0].domain, "violins");
  });
});

test("a failing task is tried again, one that says so is not", async () => {
  const flaky = unique("flaky");
  const hopeless = unique("hopeless");
  await metadata.registerTasks([
    { name: flaky, retryCount: 3, retryDelaySeconds: 0 },
    { name: hopeless, retryCount: 3, retryDelaySeconds: 0 },
  ]);
  let calls = 0;
  const workers = [
    {
      taskDefName: flaky,
      execute: async () => {
        calls += 1;
        if (calls < 3) throw new Error("not yet");
        return { status: "COMPLETED", outputData: { calls } };
      },
    },
    {
      taskDefName: hopeless,
      execute: async () => {
        throw new NonRetryableException("never");
      },
    },
  ];
  await withWorkers(workers, async () => {
    const good = await workflows.startWorkflow({ name: await registered(simpleTask("one", flaky, {})), version: 1 });
    const bad = await workflows.startWorkflow({ name: await registered(simpleTask("one", hopeless, {})), version: 1 });
    assert.equal((await awaitStatus(good, "COMPLETED")).tasks.length, 3);
    const { tasks: attempts } = await awaitStatus(bad, "FAILED");
    assert.deepEqual(attempts.map((each) => each.status), ["FAILED_WITH_TERMINAL_ERROR"]);
  });
});

test("a task in progress comes back after a while", async () => {
  const name = unique("later");
  let calls = 0;
  const execute = () => {
    calls += 1;
    return calls === 1
      ? { status: "IN_PROGRESS", callbackAfterSeconds: 1, outputData: { calls } }
      : { status: "COMPLETED", outputData: { calls } };
  };
  await withWorkers([{ taskDefName: name, execute }], async () => {
    const id = await workflows.startWorkflow({ name: await registered(simpleTask("one", name, {})), version: 1 });
    const [task] = (await awaitStatus(id, "COMPLETED")).tasks;
    assert.deepEqual(task.outputData, { calls: 2 });
    assert.equal(task.pollCount, 2);
  });
});

test("a long task keeps its lease while its worker lives", async () => {
  const name = unique("long");
  await metadata.registerTask({ name, responseTimeoutSeconds: 2, retryCount: 50, retryDelaySeconds: 0 });
  const execute = async () => {
    await new Promise((resolve) => setTimeout(resolve, 4500));
    return { status: "COMPLETED", outputData: {} };
  };
  const worker = { taskDefName: name, execute, leaseExtendEnabled: true, pollInterval: 10 };
  const handler = new TaskHandler({ client, workers: [worker], scanForDecorated: false, logger: quiet });
  await handler.startWorkers();
  try {
    const id = await workflows.startWorkflow({ name: await registered(simpleTask("one", name, {})), version: 1 });
    // A machine under load may extend it too late; without extending, no attempt would succeed.
    await awaitStatus(id, "COMPLETED");
    await eventually(() => tasks.getTaskPollData(name), (polls) => polls.length === 1);
  } finally {
    await handler.stopWorkers();
  }
});
