// A small web client that does what the parts contract says of the earlier one: the key in a cookie that scripts write
// and in a header, every 401 leads to the login, parts in a table, files, models, pictures of them, Onshape.

const base = location.pathname.replace(/\/(index\.html|parts\/\d+|login)?$/, "");
const element = (id) => document.getElementById(id);
const keyOf = () => (document.cookie.match(/part_mgmt_api_key=([^;]*)/) ?? [])[1] ?? "";
const say = (text) => {
  element("notice").textContent = text;
};

function show(what) {
  for (const id of ["login", "shop"]) element(id).style.display = id === what ? "block" : "none";
}

async function call(path, options = {}) {
  const headers = { ...(options.json ? { "Content-Type": "application/json" } : {}), "X-API-Key": decodeURIComponent(keyOf()) };
  const answer = await fetch(`${base}/api${path}`, { ...options, headers, body: options.json ? JSON.stringify(options.json) : options.body });
  if (answer.status === 401 && !path.endsWith("/drawing")) {
    show("login");
    throw new Error((await answer.json()).error);
  }
  return answer;
}

async function check() {
  const answer = await call("/parts/auth/check");
  if (answer.status === 429) {
    const { retry_after } = await answer.json();
    say(`Wait ${Math.ceil(retry_after)} s`);
    return false;
  }
  return answer.ok;
}

element("login").onsubmit = async (event) => {
  event.preventDefault();
  const key = encodeURIComponent(new FormData(event.target).get("key"));
  document.cookie = `part_mgmt_api_key=${key}; max-age=86400; path=/; SameSite=Strict`;
  if (await check().catch((error) => say(error.message))) await start();
};

async function start() {
  show("shop");
  const query = new URLSearchParams(location.search);
  if (query.has("onshape_connected")) say("Onshape is connected");
  if (query.has("onshape_error")) say(`Onshape: ${query.get("onshape_error")}`);
  const { connected, user } = await (await call("/auth/onshape/status")).json();
  element("connected").textContent = connected ? user.name : "not connected";
  await list();
}

async function list() {
  const { parts, total } = await (await call("/parts/?sort_by=created_at&sort_order=desc")).json();
  element("rows").replaceChildren(
    ...parts.map((part) => {
      const row = document.createElement("tr");
      row.innerHTML = `<td>${part.name}</td><td>${part.category}</td><td>${part.status}</td><td>${part.assigned ?? ""}</td>`;
      for (const [label, act] of Object.entries(ACTS)) {
        const button = document.createElement("button");
        button.textContent = label;
        button.onclick = () => act(part).catch((error) => say(error.message));
        row.append(button);
      }
      return row;
    }),
  );
  document.title = `Parts (${total})`;
}

const post = (part, verb, json) => call(`/parts/${part.id}/${verb}`, { method: "POST", json }).then(list);

const ACTS = {
  Approve: (part) => post(part, "approve", { reviewer: "Rae", miscInfo: { storage: "Bin 7" } }),
  Assign: (part) => post(part, "assign", { assigned: "Fay" }),
  Unclaim: (part) => post(part, "unclaim"),
  Complete: (part) => post(part, "complete", {}),
  Upload: async (part) => {
    const body = new FormData();
    body.append("file", element("upload").files[0]);
    say((await (await call(`/parts/${part.id}/upload`, { method: "POST", body })).json()).message);
    await list();
  },
  Model: async (part) => {
    const { views } = await (await call(`/parts/${part.id}/views`)).json();
    if (!views?.files) await takeViews(part);
    const picture = await (await call(`/parts/${part.id}/views/0`)).blob();
    element("view").src = URL.createObjectURL(picture);
  },
  PDF: async (part) => {
    const file = await (await call(`/parts/${part.id}/file`)).blob();
    element("drawing").src = URL.createObjectURL(file);
  },
  "PDF by its address": async (part) => {
    element("drawing").src = `${base}/api/parts/${part.id}/file?api_key=${keyOf()}`;
  },
  Drawing: async (part) => {
    const answer = await call(`/parts/${part.id}/drawing`);
    say(answer.ok ? `A drawing of ${(await answer.blob()).size} bytes` : (await answer.json()).error);
  },
};

/** Draw the model from eight sides, and store the pictures. THREE comes from the other host. */
async function takeViews(part) {
  const model = await (await call(`/parts/${part.id}/model`)).arrayBuffer();
  if (new TextDecoder().decode(model.slice(0, 4)) !== "glTF") throw new Error("This is no model");
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 64 });
  const body = new FormData();
  for (let side = 0; side < 8; side += 1) {
    window.THREE.draw(canvas.getContext("2d"), side);
    body.append(`view_${side}`, await new Promise((done) => canvas.toBlob(done, "image/png")));
  }
  const { success } = await (await call(`/parts/${part.id}/views`, { method: "POST", body })).json();
  say(success ? "Eight views are stored" : "No views");
}

async function connectOnshape() {
  location.href = (await (await call("/auth/onshape/connect")).json()).authorization_url;
}

check().then((good) => good && start(), () => undefined);
