import type { HeldMachine } from "../../api/types";

// How one signs in on a machine, as text to copy; and the public keys that this browser remembers.

type Reached = Pick<HeldMachine, "host" | "port">;

/**
 * "ssh ana@10.0.0.7", "ssh -J 10.0.0.1:2200 -p 2222 ana@10.0.0.7".
 *
 * `jumpLogin` is who one is on the jump host, where the reservation has that machine too; else ssh chooses it.
 */
export function sshCommand(login: string, { host, port }: Reached, jump: Reached | null = null, jumpLogin: string | null = null): string {
  const by = jump ? ["-J", `${jumpLogin ? `${jumpLogin}@` : ""}${bracketed(jump)}`] : [];
  return ["ssh", ...by, ...(port === null || port === 22 ? [] : ["-p", port]), `${login}@${host}`].join(" ");
}

/** A host and its port as -J has them: an IPv6 address stands in brackets. */
function bracketed({ host, port }: Reached): string {
  const name = host?.includes(":") ? `[${host}]` : host;
  return port === null || port === 22 ? `${name}` : `${name}:${port}`;
}

/** The line of `known_hosts` that names the machine's key; null before anybody has seen it. */
export function knownHostsLine({ host, port, host_key: key }: Pick<HeldMachine, "host" | "port" | "host_key">): string | null {
  if (!key || !host) return null;
  return `${port === null || port === 22 ? host : `[${host}]:${port}`} ${key}`;
}

const PUBLIC = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com) [A-Za-z0-9+/]{40,}={0,3}( .*)?$/;

/** Public keys in a text, one in each line. */
export function keysIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** Why a text is not what belongs there; null where it is. A private key is never sent. */
export function keysProblem(text: string): string | null {
  if (/PRIVATE KEY/.test(text)) return "That is a private key: keep it to yourself. Paste the public one, from the file that ends in .pub.";
  const wrong = keysIn(text).find((line) => !PUBLIC.test(line));
  return wrong === undefined ? null : "A public key is one line: ssh-ed25519 AAAA… name.";
}

const storageKey = (me: string): string => `toolcrib-ssh-keys:${me}`;

/** The public keys that this person used last in this browser. */
export function rememberedKeys(me: string): string {
  return localStorage.getItem(storageKey(me)) ?? "";
}

export function rememberKeys(me: string, text: string): void {
  localStorage.setItem(storageKey(me), keysIn(text).join("\n"));
}
