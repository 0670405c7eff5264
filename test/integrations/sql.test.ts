import { describe, expect, it } from 'vitest'
import { mayChange, tablesIn, tablesReadBy, tablesWrittenBy } from '../../src/integrations/shared/sql.ts'

describe('mayChange', () => {
  it.each([
    'UPDATE users SET a = 1',
    'with x as (delete from users returning *) select * from x',
    'select * into copies from users',
    'select 1; delete from users',
    'EXPLAIN ANALYZE delete from users',
    'refresh materialized view totals',
    'call tidy(users)',
  ])('says yes to %s', (text) => {
    expect(mayChange(text)).toBe(true)
  })

  it.each([
    'select * from users',
    'select "update" from users;',
    '  (select deleted from users)',
    'show tables',
    'explain delete from users',
    'COMMIT',
  ])('says no to %s', (text) => {
    expect(mayChange(text)).toBe(false)
  })
})

it('tablesIn finds names in any case, because SQL folds them', () => {
  const tables = ['app_user', 'Order', 'post', 'user', 'pp']
  expect(tablesIn('UPDATE APP_USER SET a = 1', tables)).toEqual(['app_user'])
  expect(tablesIn('delete from order', tables)).toEqual(['Order'])
  expect(tablesIn('delete from "dbo"."post"', tables)).toEqual(['post'])
  expect(tablesIn('delete from "old posts"', ['Old Posts', 'old'])).toEqual(['Old Posts', 'old'])
})

it.each([
  ['select * from "users" inner join "posts" "p" on true', ['users', 'posts']],
  ['select (select count(*) from posts) from `users`', ['posts', 'users']],
  ['select * from "s"."users" left join lateral (select 1 from only x.y) q', ['s.users', 'x.y']],
  ['select * from "a b"', ['a b']],
  ['select * from (select 1) x', []],
])('tablesReadBy: %s', (text, tables) => {
  expect(tablesReadBy(text)).toEqual(tables)
})

it.each([
  ['insert into "s"."users" values (1)', ['s.users']],
  ['with x as (update "posts" set a = 1 returning *) select * from x', ['posts']],
  ['delete from only posts', ['posts']],
  ['select "update", "delete" from "posts"', []],
  ['select * from "posts" where "updated" = 1', []],
])('tablesWrittenBy: %s', (text, tables) => {
  expect(tablesWrittenBy(text)).toEqual(tables)
})
