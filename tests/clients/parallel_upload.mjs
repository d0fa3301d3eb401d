// Uploads {content} to {endpoint} over several connections with tus-js-client: {url} of the joined upload.
import { text } from "node:stream/consumers";
import { Upload } from "tus-js-client";

const told = JSON.parse(await text(process.stdin));
const upload = new Upload(Buffer.from(told.content), {
  endpoint: told.endpoint,
  headers: { Authorization: `Bearer ${told.token}` },
  metadata: told.metadata,
  parallelUploads: told.connections,
  chunkSize: told.chunk,
  retryDelays: null,
  onError: (error) => {
    console.error(String(error));
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({ url: upload.url })),
});
upload.start();
