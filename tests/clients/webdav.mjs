// A session of npm's `webdav` in the folder {address}: what it saw.
import { text } from "node:stream/consumers";
import { createClient } from "webdav";

const told = JSON.parse(await text(process.stdin));
const client = createClient(told.address, { username: told.username, password: told.password });

await client.createDirectory("/drawings/old", { recursive: true });
await client.putFileContents("/drawings/a b+ü.txt", "one");
await client.putFileContents("/drawings/a b+ü.txt", "two");
const lock = await client.lock("/drawings/a b+ü.txt");
await client.putFileContents("/drawings/a b+ü.txt", "three", {
  headers: { If: `(<${lock.token}>)` },
});
await client.unlock("/drawings/a b+ü.txt", lock.token);
await client.copyFile("/drawings/a b+ü.txt", "/drawings/copy.txt");
await client.moveFile("/drawings/copy.txt", "/drawings/old/moved.txt");
const kept = await client.putFileContents("/drawings/old/moved.txt", "no", { overwrite: false });
const listed = [];
for (const folder of ["/", "/drawings", "/drawings/old"]) listed.push(...(await client.getDirectoryContents(folder)));
const stat = await client.stat("/drawings/a b+ü.txt");
const quota = await client.getQuota();
await client.deleteFile("/drawings/old");

console.log(
  JSON.stringify({
    names: listed.map((each) => each.filename).sort(),
    content: await client.getFileContents("/drawings/a b+ü.txt", { format: "text" }),
    size: stat.size,
    overwritten: kept,
    quota: quota?.used,
    moved: await client.exists("/drawings/old/moved.txt"),
  }),
);
