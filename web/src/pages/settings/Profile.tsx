import { Anchor } from "@mantine/core";
import { useMe } from "../../app/session";
import { Chip } from "../../parts/Chip";
import { Link } from "../../parts/Link";
import { Avatar } from "../../parts/Person";
import { Ago } from "../../parts/Time";
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
