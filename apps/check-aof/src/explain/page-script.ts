/**
 * The little that moves on the page: a cursor in the plot over time, by mouse, finger or arrow keys, which also marks the same
 * moment in the small plots and says in words what was written then. Without it the page lacks nothing but that.
 */

export const SCRIPT = `
const plot = document.querySelector('.time svg');
const readout = document.querySelector('.readout');
if (plot && readout) {
  const slots = [...plot.querySelectorAll('.slot')];
  const idle = readout.textContent;
  let at = -1;
  const show = (next) => {
    for (const mark of document.querySelectorAll('.on')) mark.classList.remove('on');
    at = next;
    const slot = slots[at];
    readout.textContent = slot ? slot.querySelector('title').textContent : idle;
    if (slot) for (const same of document.querySelectorAll('[data-i="' + slot.dataset.i + '"]')) same.classList.add('on');
  };
  plot.addEventListener('pointermove', (event) => {
    const box = plot.getBoundingClientRect();
    const next = Math.floor(((event.clientX - box.left) / box.width) * slots.length);
    show(Math.max(0, Math.min(slots.length - 1, next)));
  });
  plot.addEventListener('pointerleave', () => show(-1));
  plot.addEventListener('blur', () => show(-1));
  plot.addEventListener('keydown', (event) => {
    const steps = { ArrowRight: at + 1, ArrowLeft: at < 0 ? slots.length - 1 : at - 1, Home: 0, End: slots.length - 1, Escape: -1 };
    if (!(event.key in steps)) return;
    event.preventDefault();
    show(event.key === 'Escape' ? -1 : Math.max(0, Math.min(slots.length - 1, steps[event.key])));
  });
}
`;
