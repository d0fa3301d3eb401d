import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { show } from "../../../overlays/overlays";
import { FormDialog } from "../../../overlays/FormDialog";
import { Link } from "../../../ui/Link";
import { ListState } from "../../../ui/ListState";
import { visible } from "../../../ui/names";
import { complain, say } from "../../../ui/toast";
import { ConfigurationDialog } from "../dialogs/ConfigurationDialog";
import { VolumeDialog } from "../dialogs/VolumeDialog";
import { DESKTOPS } from "../links";
import { configurationsQuery, desktopsQuery, volumesQuery } from "../queries";
import { prepareImages, removeConfiguration, removeVolume } from "../requests";
import type { Configuration, Volume } from "../types";
import classes from "./Desktops.module.css";
import { sizeOf } from "./Gallery";
import { LimitsLine } from "./LimitsLine";

/** For administrators: what desktops are made from, the storage beside them, and who may use which. */
export function SetupPage() {
  const { data: list } = useQuery(desktopsQuery("all"));
  return (
    <div className="page-scroll">
      <div className={classes.head}>
        <h1>Desktops: setup</h1>
        {list && <LimitsLine limits={list.limits} />}
        <span style={{ flex: 1 }} />
        {list?.limits.launcher === "kubernetes" && (
          <Button size="xs" variant="default" onClick={() => void prepareImages().then(() => say("The cluster fetches the images"), complain)}>
            Fetch images ahead
          </Button>
        )}
        <Link to={`${DESKTOPS}?view=all`} className={classes.setup}>
          Everybody’s desktops
        </Link>
      </div>
      <Configurations />
      <Volumes />
    </div>
  );
}

/** "everybody", "ann, ben", "nobody yet". */
function whoText({ is_public: everybody, allowed_users: users }: Pick<Volume, "is_public" | "allowed_users">): string {
  return everybody ? "everybody" : users.join(", ") || "administrators alone";
}

function Configurations() {
  const query = useQuery(configurationsQuery);
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2 className={classes.subhead}>Configurations</h2>
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => show(<ConfigurationDialog />)}>
          Add a configuration
        </Button>
      </div>
      <ListState query={query} />
      {query.data?.length === 0 && <p className={classes.quiet}>None yet: desktops are made from the server’s default image or session.</p>}
      {query.data && query.data.length > 0 && (
        <div className={`panel ${classes.scroll}`}>
          <table className={classes.rows} aria-label="Configurations">
            <thead>
              <tr>
                <th>Name</th>
                <th>Image</th>
                <th>Size</th>
                <th>Who may start it</th>
                <th>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {query.data.map((one) => (
                <tr key={one.id}>
                  <td>{visible(one.name)}</td>
                  <td className="mono">{visible(one.image)}</td>
                  <td>{sizeOf(one)}</td>
                  <td>{whoText(one)}</td>
                  <td>
                    <div className={classes.rowButtons}>
                      <Button size="compact-xs" variant="default" onClick={() => show(<ConfigurationDialog configuration={one} />)} aria-label={`Edit ${visible(one.name)}`}>
                        Edit
                      </Button>
                      <Button size="compact-xs" variant="default" onClick={() => askToRemove(one)} aria-label={`Remove ${visible(one.name)}`}>
                        Remove
                      </Button>
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function askToRemove({ id, name }: Configuration): void {
  show(
    <FormDialog
      title={`Remove ${name}`}
      submit="Remove it"
      danger
      onSubmit={async () => {
        await removeConfiguration(id);
        return `${name} is removed`;
      }}
    >
      <p style={{ margin: 0 }}>Nobody can start it any more. It stays as long as a desktop was made from it.</p>
    </FormDialog>,
  );
}

function Volumes() {
  const query = useQuery(volumesQuery);
  return (
    <section>
      <div className={classes.sectionHead}>
        <h2 className={classes.subhead}>Volumes</h2>
        <Button size="xs" leftSection={<IconPlus size={15} />} onClick={() => show(<VolumeDialog />)}>
          Add a volume
        </Button>
      </div>
      <ListState query={query} />
      {query.data?.length === 0 && <p className={classes.quiet}>None yet. A volume is seen at /storage in the desktops that use it.</p>}
      {query.data && query.data.length > 0 && (
        <div className={`panel ${classes.scroll}`}>
          <table className={classes.rows} aria-label="Volumes">
            <thead>
              <tr>
                <th>Name</th>
                <th>Size</th>
                <th>State</th>
                <th>Who may use it</th>
                <th>
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {query.data.map((one) => (
                <tr key={one.id}>
                  <td className="mono">{visible(one.name)}</td>
                  <td>{one.size}</td>
                  <td>
                    {one.status}
                    {one.exclusive && ", one desktop at a time"}
                  </td>
                  <td>{whoText(one)}</td>
                  <td>
                    <div className={classes.rowButtons}>
                      <Button size="compact-xs" variant="default" onClick={() => show(<VolumeDialog volume={one} />)} aria-label={`Access to ${visible(one.name)}`}>
                        Access
                      </Button>
                      <Button size="compact-xs" variant="default" onClick={() => askToRemoveVolume(one)} aria-label={`Remove ${visible(one.name)}`}>
                        Remove
                      </Button>
                    </div>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function askToRemoveVolume({ id, name }: Volume): void {
  show(
    <FormDialog
      title={`Remove ${name}`}
      submit="Remove it"
      danger
      onSubmit={async () => {
        await removeVolume(id);
        return `${name} is removed`;
      }}
    >
      <p style={{ margin: 0 }}>Everything in the volume is gone for good.</p>
    </FormDialog>,
  );
}
