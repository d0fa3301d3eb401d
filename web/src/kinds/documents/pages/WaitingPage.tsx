import { Button } from "@mantine/core";
import { IconCheck, IconChecks, IconDownload, IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { WaitingVersion } from "../../../api/types";
import { downloadUrl } from "../downloads";
import { FileIcon } from "../FileIcon";
import { fileLink, type Place } from "../places";
import { waitingQuery } from "../queries";
import { shelfName, useShelf } from "../shelves";
import { sizeText } from "../../../ui/bytes";
import { Chip } from "../../../ui/Chip";
import { Empty } from "../../../ui/Empty";
import { Link } from "../../../ui/Link";
import { ListSkeleton } from "../../../ui/ListSkeleton";
import { PathText } from "../../../ui/PathText";
import { Person } from "../../../ui/Person";
import { Refusal } from "../../../ui/Refusal";
import { Ago } from "../../../ui/Time";
import type { Ask } from "../ask";
import classes from "./Waiting.module.css";
import Dialogs from "./dialogs/Dialogs";
import { Missing } from "./Missing";

/** Versions that wait until this person has decided, the longest waiting first. */
export default function WaitingPage() {
  const { data, error, isPending, refetch } = useQuery(waitingQuery);
  const [ask, setAsk] = useState<(Ask & { name: "decide" }) | null>(null);
  return (
    <div className="page-scroll">
      <h1 className={classes.title}>Waiting for me</h1>
      <p className={classes.lead}>
        Versions that others have submitted and you may decide about. Nobody decides about their own.
      </p>
      {isPending && <ListSkeleton />}
      <Refusal error={error} onRetry={() => void refetch()} />
      <Missing what="Versions" warnings={data?.warnings} />
      {data?.waiting.length === 0 && data.warnings.length === 0 && (
        <div className="panel">
          <Empty Icon={IconChecks} title="Nothing waits for you">
            When somebody submits a version of a document in a project you look after, it appears here.
          </Empty>
        </div>
      )}
      <ol className={classes.list} aria-label="Waiting for a decision">
        {data?.waiting.map((each) => (
          <li key={each.version.id}>
            <Card each={each} onDecide={(approve) => setAsk({ name: "decide", ...each, approve })} />
          </li>
        ))}
      </ol>
      {ask && <Dialogs ask={ask} folder={placeOf(ask)} holdOf={nobody} onClose={() => setAsk(null)} />}
    </div>
  );
}

function nobody(): null {
  return null;
}

function placeOf({ file }: Pick<WaitingVersion, "file">): Place {
  return { bucket: file.bucket_type, id: file.bucket_id, path: file.logical_path };
}

function Card({ each, onDecide }: { each: WaitingVersion; onDecide: (approve: boolean) => void }) {
  const { file, version } = each;
  const shelf = useShelf(placeOf(each));
  const name = `version ${version.version_number} of ${file.name}`;
  return (
    <article className={`panel ${classes.card}`}>
      <div className={classes.top}>
        <FileIcon name={file.name} mime={version.mime_type} size={20} />
        <Link to={fileLink(file.id, placeOf(each))} className={classes.name}>
          <PathText path={file.logical_path} />
        </Link>
        {shelf && <Chip>{shelfName(shelf)}</Chip>}
      </div>
      <div className={classes.facts}>
        <Person name={version.created_by_name ?? "somebody"} />
        <span>
          submitted version {version.version_number} <Ago at={version.created_at} />
        </span>
        <span className="tabular">
          {sizeText(version.size)}
          {file.version > 0 && `, version ${file.version} has ${sizeText(file.size)}`}
        </span>
      </div>
      {version.changelog && <p className={classes.why}>{version.changelog}</p>}
      <div className={classes.buttons}>
        <Button
          size="xs"
          leftSection={<IconCheck size={15} />}
          aria-label={`Approve ${name}`}
          onClick={() => onDecide(true)}
        >
          Approve…
        </Button>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconX size={15} />}
          aria-label={`Reject ${name}`}
          onClick={() => onDecide(false)}
        >
          Reject…
        </Button>
        <span style={{ flex: 1 }} />
        <Button
          component="a"
          href={downloadUrl(file.id, { version: version.id })}
          download
          size="xs"
          variant="subtle"
          leftSection={<IconDownload size={15} />}
          aria-label={`Download ${name}`}
        >
          Download
        </Button>
        <Button component={Link} to={fileLink(file.id, placeOf(each))} size="xs" variant="subtle">
          Look at it
        </Button>
      </div>
    </article>
  );
}
