-- Times are microseconds since 1970, UTC. The same for SQLite and PostgreSQL.

create table transition (
  at bigint not null,
  fleet varchar(200) not null,
  service varchar(200) not null,
  replica integer not null,
  from_status varchar(40) not null,
  to_status varchar(40) not null,
  kind varchar(40) not null,
  cause varchar(4000) not null,
  container varchar(64) not null,
  restarts integer not null
);

create index transition_of_replica on transition (fleet, service, replica, at);
create index transition_at on transition (at);

-- One row for each run of a manager: between them nobody looked.
create table watch (
  started bigint not null primary key,
  seen bigint not null
);
