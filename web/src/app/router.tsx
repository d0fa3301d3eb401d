import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { basePath } from "../api/base";
import { Problem } from "../api/problem";
import { meQuery, projectsQuery, queryClient } from "../api/queries";
import { claimsQuery } from "../claims/queries";
import "../kinds";
import { heldKinds } from "../things/registry";
import type { Page } from "../things/kind";
import BoardPage from "../pages/board/BoardPage";
import { NotFound, PageFailed } from "./Fallback";
import { sessionStarted } from "../session/session";
import { Shell } from "./Shell";

const allKindPages: Page[] = heldKinds().flatMap((kind) => kind.pages);
const kindPages = allKindPages.filter((page) => !page.bare);

/** Pages inside the frame, for people who have signed in. */
export const corePages: Page[] = [
  // In the first file: it is where people arrive.
  { path: "/", title: "Board", load: async () => ({ default: BoardPage }) },
  { path: "/activity", title: "Activity", load: () => import("../pages/activity/ActivityPage") },
  { path: "/projects", title: "Projects", load: () => import("../pages/groups/ProjectsPage") },
  { path: "/companies", title: "Companies", load: () => import("../pages/groups/CompaniesPage") },
  { path: "/settings", title: "Settings", load: () => import("../pages/settings/SettingsPage") },
  { path: "/admin/users", title: "Users", load: () => import("../pages/admin/UsersPage"), admin: true },
  { path: "/admin/storage", title: "Storage", load: () => import("../pages/admin/StoragePage"), admin: true },
  { path: "/admin/config", title: "Configuration", load: () => import("../pages/admin/ConfigPage"), admin: true },
  { path: "/admin/health", title: "Server health", load: () => import("../pages/admin/HealthPage"), admin: true },
];

const TWO_STEPS = "/two-steps";

/** Pages that stand alone. */
const barePages: Page[] = [
  { path: "/login", title: "Sign in", load: () => import("../pages/login/LoginPage") },
  { path: TWO_STEPS, title: "Two-step sign-in", load: () => import("../pages/login/TwoStepsPage") },
  { path: "/confirm-email", title: "Confirm e-mail", load: () => import("../pages/login/ConfirmEmailPage") },
  { path: "/confirm-password", title: "Confirm password", load: () => import("../pages/login/ConfirmPasswordPage") },
  ...allKindPages.filter((page) => page.bare),
];

function pageAt(path: string): Page | undefined {
  return [...corePages, ...kindPages].find((page) => page.path === path);
}

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const shell = createRoute({
  getParentRoute: () => root,
  id: "shell",
  component: Shell,
  errorComponent: PageFailed,
  beforeLoad: async ({ location }) => {
    // Asked together with "who am I", so that the board does not wait for two answers in a row.
    void queryClient.prefetchQuery(claimsQuery);
    void queryClient.prefetchQuery(projectsQuery);
    void pageAt(location.pathname)?.load();
    try {
      const me = await queryClient.ensureQueryData(meQuery);
      sessionStarted(me);
      if (me.must_enrol) throw redirect({ to: TWO_STEPS });
    } catch (error) {
      if (error instanceof Problem && (error.status === 401 || error.status === 404)) {
        const next = location.pathname + location.searchStr;
        throw redirect({ to: "/login", search: next === "/" ? {} : { next } });
      }
      throw error;
    }
  },
});

function routeOf(parent: typeof shell | typeof root, page: Page) {
  return createRoute({
    getParentRoute: () => parent as typeof root,
    path: page.path,
    component: lazyRouteComponent(page.load),
    errorComponent: PageFailed,
    staticData: { title: page.title, admin: page.admin ?? false },
  });
}

const routeTree = root.addChildren([
  ...barePages.map((page) => routeOf(root, page)),
  shell.addChildren([...corePages, ...kindPages].map((page) => routeOf(shell, page))),
]);

export const router = createRouter({
  routeTree,
  basepath: basePath(),
  defaultPreload: "intent",
  defaultPreloadStaleTime: 0,
  notFoundMode: "root",
  // Parameters are plain text: the default would read ?q=123 as a number and "a b" as JSON.
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (search) => {
    const text = new URLSearchParams(search as Record<string, string>).toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface StaticDataRouteOption {
    title?: string;
    admin?: boolean;
  }
}
