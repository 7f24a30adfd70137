/**
 * Plans a deck.
 *
 * @param {string[]} slots
 * @param {{ do: string }[]} actions
 * @returns {(string | object)[]} one answer for every action
 */
export function plan(slots, actions) {
  const deck = new Map(); // slot → crate

  return actions.map((action) => {
    switch (action.do) {
      case 'put':
        deck.set(action.slot, action.crate);
        return 'ok';
      case 'show':
        return Object.fromEntries(deck);
      default:
        return 'nothing to undo';
    }
  });
}
