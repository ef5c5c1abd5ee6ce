/** Every bound of the page in one place: what peers send is not trusted, and a tab has to stay light. */

/** Characters of one message; longer ones are not sent, and not shown. */
export const TEXT_CHARACTERS = 4000;
/** Characters of a person's name. */
export const NAME_CHARACTERS = 32;
/** Characters of a room's name, which is part of a destination. */
export const ROOM_CHARACTERS = 32;
/** Characters of an identifier made by a page. */
export const ID_CHARACTERS = 40;
/** Characters of a body; a longer one is dropped before it is parsed. */
export const BODY_CHARACTERS = 32 * 1024;

/** Messages a room remembers. */
export const HISTORY_MESSAGES = 500;
/** Messages above that before the oldest are let go, so that it happens seldom. */
export const HISTORY_SLACK = 50;
/** Messages that may wait for a connection, in one room. */
export const PENDING_MESSAGES = 100;
/** Times a message is sent without being heard back before it is called failed. */
export const SEND_ATTEMPTS = 4;
/** People shown in one room. */
export const ROOM_MEMBERS = 200;
/** Rooms one page may be in; each takes two subscriptions. */
export const JOINED_ROOMS = 40;

/** How often a page says that it is here. */
export const ANNOUNCE_MS = 20_000;
/** How soon it says so again, however often it is asked. */
export const ANSWER_MS = 2_000;
/** Silence after which a person counts as gone; a tab in the background speaks once a minute. */
export const SILENCE_MS = 150_000;
/** Silence left to people known from before a reconnect. */
export const SILENCE_AFTER_RECONNECT_MS = 75_000;

/** Heart-beats asked for and offered. */
export const HEART_BEAT_MS = 10_000;
/** Time for the WebSocket and CONNECT together. */
export const CONNECT_MS = 10_000;
/** Pauses before the first, second … attempt to reconnect; the last one repeats. */
export const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** Messages of one person closer together than this stand under one name. */
export const GROUP_MS = 5 * 60_000;
