import { useQuery } from "@tanstack/react-query";
import { Outlet, useRouterState, useMatches } from "@tanstack/react-router";
import { Fragment, useEffect, useRef, useState } from "react";
import { claimsQuery } from "../claims/queries";
import { followClaims, latestSeq } from "../claims/follow";
import { startLive } from "../live/live";
import { heldKinds } from "../things/registry";
import "./registerPalette";
import { Header } from "./Header";
import { ConnectionBanner } from "./ConnectionBanner";
import { Navigation } from "./Navigation";
import { fetchDialogs, lazyDialog } from "../overlays/lazyDialog";
import { useOverlay } from "../overlays/overlays";
import { useMe, useSignInAsked } from "../session/session";
import { useShortcuts } from "./shortcuts";
import { AdminsOnly } from "./AdminsOnly";
import classes from "./Shell.module.css";

const SignInDialog = lazyDialog(() => import("./SignInDialog"));
const NavDrawer = lazyDialog(() => import("./NavDrawer"));

/** The frame around every page: menu, header, banner, and whatever is open over them. */
export function Shell() {
  const [drawer, setDrawer] = useState(false);
  const overlay = useOverlay();
  const signInAsked = useSignInAsked();
  const me = useMe();
  const main = useRef<HTMLElement>(null);
  const page = useMatches({ select: (matches) => matches.at(-1)?.staticData });

  useLive();
  // Once the page stands.
  useEffect(() => {
    const timer = setTimeout(() => void fetchDialogs(), 1000);
    return () => clearTimeout(timer);
  }, []);
  useShortcuts();
  useTitle(page?.title);
  useFocusOnArrival(main);

  return (
    <div className={classes.frame}>
      <button type="button" className={classes.skip} onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header onMenu={() => setDrawer(true)} />
      <nav className={classes.nav} aria-label="Main">
        <Navigation />
      </nav>
      <main className={classes.main} ref={main} tabIndex={-1}>
        <ConnectionBanner />
        {page?.admin && !me.is_admin ? <AdminsOnly /> : <Outlet />}
      </main>
      {drawer && <NavDrawer onClose={() => setDrawer(false)} />}
      {overlay && <Fragment key={overlay.id}>{overlay.element}</Fragment>}
      {heldKinds().map(({ name, Everywhere }) => Everywhere && <Everywhere key={name} />)}
      {signInAsked && <SignInDialog />}
    </div>
  );
}

/** The stream begins where the list of claims ends. */
function useLive(): void {
  const { data, isError } = useQuery(claimsQuery);
  const started = useRef<(() => void) | null>(null);
  const seq = data?.seq;
  useEffect(() => {
    if (started.current || (seq === undefined && !isError)) return;
    const [unfollow, stop] = [followClaims(), startLive(seq ?? null, latestSeq)];
    started.current = () => {
      stop();
      unfollow();
    };
  }, [seq, isError]);
  useEffect(
    () => () => {
      started.current?.();
      started.current = null;
    },
    [],
  );
}

function useTitle(title: string | undefined): void {
  useEffect(() => {
    document.title = title ? `${title} · Toolcrib` : "Toolcrib";
  }, [title]);
}

/** A new page starts at its top for the keyboard too, as a page load would. */
function useFocusOnArrival(main: React.RefObject<HTMLElement | null>): void {
  const path = useRouterState({ select: (state) => state.resolvedLocation?.pathname });
  const before = useRef(path);
  useEffect(() => {
    if (before.current !== undefined && before.current !== path) {
      // Unless somebody who types fast is in a field of it already.
      if (!main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    before.current = path;
  }, [path, main]);
}
