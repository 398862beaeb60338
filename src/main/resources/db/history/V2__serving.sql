-- Whether the replica takes work since. Before, no replica did so in a crash loop.
alter table transition add column serving integer not null default 0;

update transition set serving = 1 where to_status = 'READY';
