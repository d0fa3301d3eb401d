import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { show } from "../../../overlays/overlays";
import { FormDialog } from "../../../overlays/FormDialog";
import { Link } from "../../../ui/Link";
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
import { RowButtons, SetupTable } from "./SetupTable";

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
    <SetupTable
      title="Configurations"
      add="Add a configuration"
      onAdd={() => show(<ConfigurationDialog />)}
      query={query}
      none="None yet: desktops are made from the server’s default image or session."
      columns={["Name", "Image", "Size", "Who may start it"]}
    >
      {query.data?.map((one) => (
        <tr key={one.id}>
          <td>{visible(one.name)}</td>
          <td className="mono">{visible(one.image)}</td>
          <td>{sizeOf(one)}</td>
          <td>{whoText(one)}</td>
          <RowButtons name={one.name} change="Edit" changeLabel="Edit" onChange={() => show(<ConfigurationDialog configuration={one} />)} onRemove={() => askToRemove(one)} />
        </tr>
      ))}
    </SetupTable>
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
    <SetupTable
      title="Volumes"
      add="Add a volume"
      onAdd={() => show(<VolumeDialog />)}
      query={query}
      none="None yet. A volume is seen at /storage in the desktops that use it."
      columns={["Name", "Size", "State", "Who may use it"]}
    >
      {query.data?.map((one) => (
        <tr key={one.id}>
          <td className="mono">{visible(one.name)}</td>
          <td>{one.size}</td>
          <td>
            {one.status}
            {one.exclusive && ", one desktop at a time"}
          </td>
          <td>{whoText(one)}</td>
          <RowButtons name={one.name} change="Access" changeLabel="Access to" onChange={() => show(<VolumeDialog volume={one} />)} onRemove={() => askToRemoveVolume(one)} />
        </tr>
      ))}
    </SetupTable>
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
