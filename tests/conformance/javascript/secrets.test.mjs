import assert from "node:assert/strict";
import { test } from "node:test";
import { secrets, unique } from "./support.mjs";

test("secrets are stored, read, listed and deleted", async () => {
  const key = unique("secret");
  await secrets.putSecret(key, "s3cret");
  assert.equal(await secrets.getSecret(key), "s3cret");
  assert.equal(await secrets.secretExists(key), true);
  assert.ok((await secrets.listAllSecretNames()).includes(key));
  assert.ok((await secrets.listSecretsThatUserCanGrantAccessTo()).includes(key));
  await secrets.deleteSecret(key);
  // This method of the SDK says yes to whatever it is answered, so only reading tells.
  await assert.rejects(secrets.getSecret(key));
});

test("secrets carry tags", async () => {
  const key = unique("secret");
  const tag = { key: "team", value: "violins", type: "METADATA" };
  await secrets.putSecret(key, "s3cret");
  await secrets.setSecretTags([tag, { ...tag, key: "cost" }], key);
  await secrets.deleteSecretTags([{ ...tag, key: "cost" }], key);
  assert.deepEqual((await secrets.getSecretTags(key)).map((each) => each.key), ["team"]);
  await secrets.deleteSecret(key);
});
