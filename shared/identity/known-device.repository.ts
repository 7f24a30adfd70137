import { z } from 'zod';
import type { Database } from '../db/pool.ts';
import { sql } from '../db/sql.ts';

/** A device that was not used for so long is a stranger again. */
export const DEVICE_LIFETIME_DAYS = 180;

/** Whether this is a device that the account of the address was logged in on, and that is known still. */
export async function isKnownDevice(db: Database, tokenHash: Buffer, emailKey: string): Promise<boolean> {
  return db.exists(sql.type(z.strictObject({}))`
    SELECT FROM known_devices d JOIN users u ON u.id = d.user_id
    WHERE d.token_hash = ${sql.binary(tokenHash)} AND u.email_key = ${emailKey} AND u.erasing_since IS NULL
      AND d.last_used_at > now() - make_interval(days => ${DEVICE_LIFETIME_DAYS})`);
}

/** Notes that a user logged in on it again; false when it is none of theirs. */
export async function touchDevice(db: Database, userId: string, tokenHash: Buffer): Promise<boolean> {
  const touched = await db.query(sql.typeAlias('void')`
    UPDATE known_devices SET last_used_at = now() WHERE token_hash = ${sql.binary(tokenHash)} AND user_id = ${userId}`);
  return touched.rowCount > 0;
}

/** Adds a device; of more than `max` the least recently used ones go. */
export async function insertDevice(db: Database, userId: string, tokenHash: Buffer, max: number): Promise<void> {
  await db.query(sql.typeAlias('void')`
    INSERT INTO known_devices (token_hash, user_id) VALUES (${sql.binary(tokenHash)}, ${userId})`);
  await db.query(sql.typeAlias('void')`
    DELETE FROM known_devices WHERE token_hash IN (
      SELECT token_hash FROM known_devices WHERE user_id = ${userId} ORDER BY last_used_at DESC, token_hash OFFSET ${max})`);
}

export async function deleteDevice(db: Database, tokenHash: Buffer): Promise<void> {
  await db.query(sql.typeAlias('void')`DELETE FROM known_devices WHERE token_hash = ${sql.binary(tokenHash)}`);
}

export async function deleteDevicesOf(db: Database, userId: string): Promise<void> {
  await db.query(sql.typeAlias('void')`DELETE FROM known_devices WHERE user_id = ${userId}`);
}

/** Devices that are strangers again go. Returns how many went. */
export async function deleteUnusedDevices(db: Database): Promise<number> {
  const deleted = await db.query(sql.typeAlias('void')`
    DELETE FROM known_devices WHERE last_used_at < now() - make_interval(days => ${DEVICE_LIFETIME_DAYS})`);
  return deleted.rowCount;
}
