import { Anchor } from "@mantine/core";
import { useMe } from "../../session/session";
import { Chip } from "../../ui/Chip";
import { Link } from "../../ui/Link";
import { Avatar } from "../../ui/Person";
import { Ago } from "../../ui/Time";
import classes from "./Settings.module.css";

export function Profile() {
  const me = useMe();
  return (
    <>
      <h2 className="visually-hidden">Profile</h2>
      <div className={classes.who}>
        <Avatar name={me.username} size={48} />
        {me.username}
        {me.is_admin && <Chip>administrator</Chip>}
      </div>
      <dl className={classes.facts}>
        <dt>E-mail</dt>
        <dd>
          {me.email || "none"}{" "}
          <Anchor component={Link} to="/settings?tab=email" size="sm">
            change
          </Anchor>
        </dd>
        <dt>Company</dt>
        <dd>{me.company_name ? `${me.company_name} (${me.company_role})` : "none"}</dd>
        <dt>Member since</dt>
        <dd>
          <Ago at={me.created_at} />
        </dd>
        <dt>Account id</dt>
        <dd className="mono">{me.uuid}</dd>
      </dl>
    </>
  );
}
