/** What a server's refusals mean, by the first word of the reply. */
export const ADVICE: Readonly<Record<string, string>> = {
  BUSY: 'a script has been running for too long: SCRIPT KILL ends it',
  LOADING: 'the server is loading its data: it answers once that is done',
  READONLY: 'this is a replica, as after a failover: connect to the master, by Sentinel or a cluster',
  MASTERDOWN: 'the replica has lost its master: wait for the failover to end',
  CLUSTERDOWN: 'the cluster has slots that nobody serves: look at CLUSTER INFO',
  TRYAGAIN: 'the slot is being moved: the same command passes once that is done',
  MOVED: 'this server is a node of a cluster: give `cluster` instead of `url`',
  ASK: 'this server is a node of a cluster: give `cluster` instead of `url`',
  CROSSSLOT: 'the keys lie in different slots of the cluster',
  OOM: 'the server has reached maxmemory: raise it, or let it evict (maxmemory-policy)',
  NOAUTH: 'the server wants a password: give `password`, or put it in the URL',
  WRONGPASS: 'the user name or the password is wrong',
  NOPERM: 'the user may not do this: look at its ACL',
  WRONGTYPE: 'the key holds something else than a string: another application uses the same namespace',
  NOREPLICAS: 'too few replicas are in reach of the master (min-replicas-to-write)',
  MISCONF: 'the server cannot save its data and refuses writes: look at its log',
}
