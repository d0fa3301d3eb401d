import { serverUrl } from "../../api/base";
import { useMe } from "../../session/session";
import { CopyLine } from "../../ui/CopyLine";
import { gitUrl } from "./gitUrl";
import classes from "./Settings.module.css";

/** Everything to paste, with this server's address filled in. */
export function SetUp() {
  const me = useMe();
  const server = serverUrl();
  return (
    <>
      <h2 className={classes.heading}>Command line and git</h2>
      <p className={classes.lead}>
        This server is <strong className="mono">{server}</strong>. The commands below already say so.
      </p>
      <ol className={classes.steps}>
        <li className={classes.step}>
          <h3>Install the command line</h3>
          <p>In a clone of the repository that this server was installed from; your administrator knows where that is.</p>
          <CopyLine>pipx install .</CopyLine>
        </li>
        <li className={classes.step}>
          <h3>Sign in</h3>
          <CopyLine>{`toolcrib login --url ${server} --username ${shell(me.username)}`}</CopyLine>
        </li>
        <li className={classes.step}>
          <h3>Lock, work, release</h3>
          <CopyLine>{'toolcrib lock Content/Maps/Harbour.umap --comment "lighting pass"'}</CopyLine>
          <CopyLine>toolcrib locks</CopyLine>
          <CopyLine>toolcrib unlock Content/Maps/Harbour.umap</CopyLine>
        </li>
        <li className={classes.step}>
          <h3>Guard commits</h3>
          <p>Run in a repository: a commit that touches a file somebody else holds is then refused.</p>
          <CopyLine>toolcrib hooks install</CopyLine>
        </li>
        <li className={classes.step}>
          <h3>Git LFS locks</h3>
          <p>
            In a clone: from then on <code className="mono">git lfs lock</code> locks here, and every push is checked.
          </p>
          <CopyLine>{"toolcrib git setup --lockable '*.psd'"}</CopyLine>
          <p>
            Or by hand, without the command line. Git asks for a password: give it an API key.
          </p>
          <CopyLine>{`git config lfs.url ${gitUrl(server, me.username, "default")}`}</CopyLine>
          <CopyLine>git config lfs.locksverify true</CopyLine>
        </li>
        <li className={classes.step}>
          <h3>Scripts</h3>
          <p>Any HTTP client will do. Create a key under API keys.</p>
          <CopyLine>{`curl -H "X-API-Key: $TOOLCRIB_KEY" ${server}/api/locks`}</CopyLine>
        </li>
      </ol>
    </>
  );
}

function shell(word: string): string {
  return /^[\w.@-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
