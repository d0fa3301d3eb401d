import { Tabs } from "@mantine/core";
import { IconAt, IconBell, IconDatabase, IconDevices, IconKey, IconLock, IconShieldLock, IconTerminal2, IconUser } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { IconProps } from "../../ui/icon";
import { useNarrow } from "../../ui/useNarrow";
import { useSearch } from "../../ui/useSearch";
import { EmailForm } from "./EmailForm";
import { Keys } from "./Keys";
import { PasswordForm } from "./PasswordForm";
import { Profile } from "./Profile";
import { Sessions } from "./Sessions";
import classes from "./Settings.module.css";
import { SetUp } from "./SetUp";
import { Storage } from "./Storage";
import { TwoSteps } from "./TwoSteps";
import { Watches } from "./Watches";

const TABS: { value: string; label: string; Icon: ComponentType<IconProps>; Content: ComponentType }[] = [
  { value: "profile", label: "Profile", Icon: IconUser, Content: Profile },
  { value: "password", label: "Password", Icon: IconLock, Content: PasswordForm },
  { value: "two-steps", label: "Two-step sign-in", Icon: IconShieldLock, Content: TwoSteps },
  { value: "email", label: "E-mail", Icon: IconAt, Content: EmailForm },
  { value: "sessions", label: "Sessions", Icon: IconDevices, Content: Sessions },
  { value: "keys", label: "API keys", Icon: IconKey, Content: Keys },
  { value: "storage", label: "Storage", Icon: IconDatabase, Content: Storage },
  { value: "watches", label: "Watches", Icon: IconBell, Content: Watches },
  { value: "setup", label: "Command line and git", Icon: IconTerminal2, Content: SetUp },
];

export default function SettingsPage() {
  const narrow = useNarrow();
  const [search, change] = useSearch();
  const asked = search.get("tab");
  const tab = TABS.some((one) => one.value === asked) ? asked! : "profile";
  return (
    <div className="page-scroll">
      <h1 className={classes.title}>Settings</h1>
      <Tabs
        value={tab}
        orientation={narrow ? "horizontal" : "vertical"}
        onChange={(value) => change({ tab: value === "profile" ? null : value }, { push: true })}
        keepMounted={false}
        classNames={{ root: classes.tabs, list: classes.tabList, tab: classes.tab, tabLabel: classes.tabLabel }}
      >
        <Tabs.List aria-label="Settings">
          {TABS.map(({ value, label, Icon }) => (
            <Tabs.Tab key={value} value={value} leftSection={<Icon size={17} stroke={1.7} aria-hidden />}>
              {label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map(({ value, Content }) => (
          <Tabs.Panel key={value} value={value} className={classes.content}>
            <div className="panel panel-pad">
              <Content />
            </div>
          </Tabs.Panel>
        ))}
      </Tabs>
    </div>
  );
}
