import { Menu, useComputedColorScheme, useMantineColorScheme } from "@mantine/core";
import { IconApi, IconKeyboard, IconLogout, IconMenu2, IconMoon, IconSearch, IconSettings, IconSun } from "@tabler/icons-react";
import { apiUrl, basePath } from "../api/base";
import { useLiveState } from "../live/live";
import type { LiveState } from "../live/stream";
import { MenuDropdown } from "../ui/Dialog";
import { Avatar } from "../ui/Person";
import { Link } from "../ui/Link";
import { showPalette } from "../overlays/overlays";
import { showShortcuts } from "./showShortcuts";
import { signOut, useMe } from "../session/session";
import classes from "./Shell.module.css";

const WORDS: Record<LiveState, string> = {
  live: "Live",
  lost: "Reconnecting",
  connecting: "Connecting",
  paused: "Paused",
};
const TITLES: Partial<Record<LiveState, string>> = {
  live: "Changes appear by themselves",
  paused: "You have too many pages open. This one goes on when you click in it.",
};

export function Header({ onMenu }: { onMenu: () => void }) {
  const me = useMe();
  const live = useLiveState();
  return (
    <header className={classes.header}>
      <button type="button" className={`${classes.tool} ${classes.onlyNarrow}`} aria-label="Menu" onClick={onMenu}>
        <IconMenu2 size={20} />
      </button>
      <Link to="/" className={classes.brand} aria-label="Toolcrib, board">
        <img src={`${basePath()}favicon.svg`} alt="" />
        <span className={classes.brandName}>Toolcrib</span>
      </Link>
      <button type="button" className={classes.find} onClick={() => showPalette()} aria-keyshortcuts="Control+K">
        <IconSearch size={16} aria-hidden />
        <span>Find a file, a person, a page…</span>
        <kbd className="key">Ctrl K</kbd>
      </button>
      <div className={classes.spacer} />
      <span className={classes.live} data-state={live} title={TITLES[live] ?? WORDS[live]}>
        <span className={classes.dot} aria-hidden="true" />
        <span className={classes.liveText}>{WORDS[live]}</span>
      </span>
      <ThemeToggle />
      <Menu position="bottom-end" width={220} shadow="md">
        <Menu.Target>
          <button type="button" className={classes.account} aria-label={`Account: ${me.username}`}>
            <Avatar name={me.username} size={26} />
            <span>{me.username}</span>
          </button>
        </Menu.Target>
        <MenuDropdown>
          <Menu.Label>
            Signed in as {me.username}
            {me.is_admin && " (administrator)"}
          </Menu.Label>
          <Menu.Item component={Link} to="/settings" leftSection={<IconSettings size={16} />}>
            Settings
          </Menu.Item>
          <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={() => showShortcuts()}>
            Keyboard shortcuts
          </Menu.Item>
          <Menu.Item component="a" href={apiUrl("docs")} leftSection={<IconApi size={16} />}>
            API documentation
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => void signOut()}>
            Sign out
          </Menu.Item>
        </MenuDropdown>
      </Menu>
    </header>
  );
}

function ThemeToggle() {
  const scheme = useComputedColorScheme("light", { getInitialValueInEffect: false });
  const { setColorScheme } = useMantineColorScheme();
  const other = scheme === "dark" ? "light" : "dark";
  return (
    <button
      type="button"
      className={classes.tool}
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={() => setColorScheme(other)}
    >
      {scheme === "dark" ? <IconSun size={18} /> : <IconMoon size={18} />}
    </button>
  );
}
