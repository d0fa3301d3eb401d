import { useQuery } from "@tanstack/react-query";
import { useSyncExternalStore } from "react";
import { doAllNow } from "../ui/later";
import { hrefOf } from "../ui/Link";
import { api, onSessionExpired } from "../api/client";
import { meQuery, queryClient } from "../api/queries";
import type { Me, SignedOut } from "../api/types";

/** Waits for the person to sign in again; resolved with whether they did. */
let waiting: { promise: Promise<boolean>; resolve: (signedIn: boolean) => void } | null = null;
const watchers = new Set<() => void>();

function changed(): void {
  for (const watcher of watchers) watcher();
}

export function useSignInAsked(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => waiting !== null,
  );
}

/** Many calls may find the session over at once; they all wait for the one dialog. */
function askToSignIn(): Promise<boolean> {
  if (!waiting) {
    let resolve!: (signedIn: boolean) => void;
    const promise = new Promise<boolean>((done) => (resolve = done));
    waiting = { promise, resolve };
    changed();
  }
  return waiting.promise;
}

function answer(signedIn: boolean): void {
  const was = waiting;
  waiting = null;
  changed();
  was?.resolve(signedIn);
}

/** From now on a 401 opens the dialog instead of failing. */
export function sessionStarted(user: Me): void {
  queryClient.setQueryData(meQuery.queryKey, user);
  onSessionExpired(askToSignIn);
}

export async function signIn(username: string, password: string, otp: string): Promise<Me> {
  const user = await api<Me>("session", {
    method: "POST",
    json: { username, password, ...(otp ? { otp } : {}) },
    anonymous: true,
  });
  const before = queryClient.getQueryData(meQuery.queryKey);
  if (before && before.username !== user.username) {
    // Somebody else's page: nothing on it may be carried over.
    location.reload();
    return user;
  }
  sessionStarted(user);
  answer(true);
  return user;
}

/** After a sign-in that happened elsewhere (single sign-on in another window). */
export async function lookForSession(): Promise<boolean> {
  try {
    const user = await api<Me>("currentuser", { anonymous: true });
    const before = queryClient.getQueryData(meQuery.queryKey);
    if (before && before.username !== user.username) location.reload();
    else {
      sessionStarted(user);
      answer(true);
    }
    return true;
  } catch {
    return false;
  }
}

export async function signOut(): Promise<void> {
  // What waits to be undone is done while one may still do it.
  await doAllNow();
  onSessionExpired(null);
  let next = hrefOf("/login");
  try {
    const { redirect_url } = await api<SignedOut>("auth/logout", { method: "POST", anonymous: true });
    if (redirect_url) next = redirect_url;
  } finally {
    // A fresh page forgets everything that was read in this one.
    location.assign(next);
  }
}

/** The signed-in person. Only for what is drawn inside the shell, where there always is one. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error("nobody is signed in");
  return data;
}
