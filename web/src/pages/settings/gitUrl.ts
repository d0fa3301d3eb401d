/** The LFS address of a project, with the username in it, so that git asks for the key alone. */
export function gitUrl(server: string, username: string, project: string): string {
  const url = new URL(server);
  url.username = encodeURIComponent(username);
  return `${url.toString().replace(/\/$/, "")}/${project}.git/info/lfs`;
}
