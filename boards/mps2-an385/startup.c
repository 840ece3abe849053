/* mps2-an385/startup.c: from reset to image_main(), the tick, and faults. */
#include <string.h>

#include "mps2.h"
#include "lwip/board.h"

int image_main(void);
_Noreturn void board_reset(void);
void board_fault(void);
void board_tick(void);
void board_ethernet(void);
_Noreturn void board_report_fault(const uint32_t *frame);

extern uint8_t board_data_load[], board_data_end[], board_bss[];

/* System Control Space, ARMv7-M B3.2 */
#define SYST_CSR  0xE000E010u
#define SYST_RVR  0xE000E014u
#define SYST_CVR  0xE000E018u
#define NVIC_ISER 0xE000E100u
#define NVIC_ICPR 0xE000E280u
#define CFSR      0xE000ED28u
#define BFAR      0xE000ED38u

#define CLOCK_HZ 25000000u

/* A word that no program writes by chance. */
#define PAINT 0x5AFEC0DEu

typedef void (*handler)(void);

/* The stack's end and the reset address, then 14 exceptions of the core, then
 * 32 interrupts of the board.
 */
struct vectors {
    const void *stack;
    handler core[15];
    handler board[32];
};

__attribute__((section(".vectors"),
               used)) static const struct vectors vectors = {
    .stack = board_stack_high,
    .core = { board_reset, board_fault, board_fault, board_fault, board_fault,
              board_fault, board_fault, board_fault, board_fault, board_fault,
              board_fault, board_fault, board_fault, board_fault, board_tick },
    .board = { [BOARD_ETHERNET_IRQ] = board_ethernet },
};

static volatile uint32_t ticks;
static uint32_t ticks_high, ticks_last;

void board_tick(void)
{
    ticks++;
}

/* It only has to end a sleep. */
void board_ethernet(void)
{
    board_ethernet_acknowledge();
}

void board_irq_off(void)
{
    __asm volatile("cpsid i" ::: "memory");
}

void board_irq_on(void)
{
    __asm volatile("cpsie i\n isb" ::: "memory");
}

void board_irq_enable(unsigned number)
{
    *board_reg(NVIC_ICPR) = 1u << number;
    *board_reg(NVIC_ISER) = 1u << number;
}

/* 49 days and the 32 bits are over; the loop calls this more often than that.
 */
int64_t rn_board_mono(void)
{
    uint32_t now = ticks;
    if (now < ticks_last)
        ticks_high++;
    ticks_last = now;
    return (int64_t)((uint64_t)ticks_high << 32 | now);
}

/* With interrupts off a pending one still ends wfi, so nothing that comes
 * between looking and sleeping is slept through.
 */
void rn_board_sleep(int64_t until_ms)
{
    board_irq_off();
    if (!board_ethernet_waiting() && rn_board_mono() < until_ms)
        __asm volatile("dsb\n wfi" ::: "memory");
    board_irq_on();
}

/* Not the part of the stack that is in use now. */
static void paint_stack(void)
{
    uintptr_t end;
    __asm volatile("mov %0, sp" : "=r"(end));
    for (uintptr_t p = (uintptr_t)board_stack_low; p < end; p += 4)
        *(volatile uint32_t *)p = PAINT;
}

size_t board_stack_peak(void)
{
    const uint32_t *p = (const uint32_t *)(const void *)board_stack_low;
    const uint32_t *end = (const uint32_t *)(const void *)board_stack_high;
    while (p < end && *p == PAINT)
        p++;
    return (size_t)((const uint8_t *)end - (const uint8_t *)p);
}

_Noreturn void board_reset(void)
{
    memcpy(board_data, board_data_load, (size_t)(board_data_end - board_data));
    memset(board_bss, 0, (size_t)(board_bss_end - board_bss));
    paint_stack();
    *board_reg(SYST_RVR) = CLOCK_HZ / 1000 - 1;
    *board_reg(SYST_CVR) = 0;
    *board_reg(SYST_CSR) = 7; /* processor clock, interrupt, on */
    board_uart_start();
    board_exit(image_main());
}

static void say_hex(const char *name, uint32_t value)
{
    char text[9] = { 0 };
    for (unsigned i = 0; i < 8; i++)
        text[i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    board_say(name);
    board_say(text);
}

/* The frame that the core pushed: r0-r3, r12, lr, pc, psr. A stack that
 * overflowed has none that could be read.
 */
__attribute__((used)) _Noreturn void board_report_fault(const uint32_t *frame)
{
    bool readable = (const uint8_t *)frame >= board_ram;
    say_hex("fault: pc ", readable ? frame[6] : 0);
    say_hex(" lr ", readable ? frame[5] : 0);
    say_hex(" cfsr ", *board_reg(CFSR));
    say_hex(" bfar ", *board_reg(BFAR));
    board_say(readable ? "\n" : " (stack overflow)\n");
    board_exit(99);
}

/* On a stack of its own making: the old one may be what broke. */
__attribute__((naked, used)) void board_fault(void)
{
    __asm volatile("mov r0, sp\n"
                   "movw r1, #:lower16:board_stack_high\n"
                   "movt r1, #:upper16:board_stack_high\n"
                   "mov sp, r1\n"
                   "b board_report_fault\n");
}

static void say_number(unsigned value)
{
    char digits[12];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) > 0);
    board_say(digits + at);
}

_Noreturn void rn_board_halt(const char *file, int line)
{
    board_say("internal error at ");
    board_say(file);
    board_say(":");
    say_number((unsigned)line);
    board_say("; please report it\n");
    board_exit(134);
}
