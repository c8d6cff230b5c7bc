import assert from "node:assert/strict";
import { test } from "node:test";
import { schemas, unique } from "./support.mjs";

const schema = (name, version) => ({
  name,
  version,
  type: "JSON",
  data: { type: "object", required: ["order"] },
});

test("schemas are stored, read, listed and deleted", async () => {
  const name = unique("schema");
  await schemas.registerSchema([schema(name, 1)]);
  await schemas.registerSchema([schema(name, 2)]);
  assert.deepEqual((await schemas.getSchema(name, 1)).data.required, ["order"]);
  assert.equal((await schemas.getSchemaByName(name)).version, 2);
  const listed = (await schemas.getAllSchemas()).filter((each) => each.name === name);
  assert.deepEqual(listed.map((each) => each.version).sort(), [1, 2]);
  await schemas.deleteSchema(name, 2);
  assert.equal((await schemas.getSchemaByName(name)).version, 1);
  await schemas.deleteSchemaByName(name);
  await assert.rejects(schemas.getSchemaByName(name));
});
