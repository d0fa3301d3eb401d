export function machineLink(name: string): string {
  return `/machines/${encodeURIComponent(name)}`;
}

export function reservationLink(id: string): string {
  return `/reservations?id=${encodeURIComponent(id)}`;
}
