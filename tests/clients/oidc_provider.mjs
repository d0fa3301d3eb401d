// The certified OpenID provider `oidc-provider` on a free port, until its standard input ends. Clients register as
// RFC 7591 says; people sign in with their name and any password. `POST /test/people` says what is told of them.
import http from "node:http";
import { Provider } from "oidc-provider";

const people = new Map();
const server = http.createServer();
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  claims: {
    openid: ["sub", "sid"],
    profile: ["name", "given_name", "family_name", "preferred_username", "locale", "realm_access"],
    email: ["email", "email_verified"],
    organization: ["organization"],
  },
  scopes: ["openid", "offline_access", "profile", "email", "organization"],
  cookies: { keys: ["only for tests"] },
  features: {
    backchannelLogout: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: false },
    rpInitiatedLogout: { enabled: true },
  },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, ...people.get(id) }),
  }),
  fetch: (url, options) => fetch(url, { ...options, dispatcher: undefined }), // its own refuses 127.0.0.1
  ttl: { IdToken: 60 },
});
provider.on("backchannel.error", (_context, error) => console.error(error));
provider.on("server_error", (_context, error) => console.error(error));
const answer = provider.callback();

server.on("request", (request, response) => {
  if (request.url !== "/test/people") return answer(request, response);
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    for (const [name, claims] of Object.entries(JSON.parse(body))) people.set(name, claims);
    response.writeHead(204).end();
  });
});
process.stdin.on("end", () => process.exit(0)).resume();
console.log(JSON.stringify({ issuer }));
