/* mps2-an385/lan9118.c: the SMSC LAN9118 Ethernet controller, with its FIFOs
 * read and written by the processor.
 *
 * Names and numbers are those of its data sheet. The interrupt only ends a
 * sleep; frames are taken by rn_board_poll().
 */
#include "mps2.h"
#include "lwip/board.h"
#include "lwip/etharp.h"
#include "lwip/netif.h"
#include "netif/ethernet.h"

#define LAN         0x40200000u
#define RX_DATA     (LAN + 0x00)
#define TX_DATA     (LAN + 0x20)
#define RX_STATUS   (LAN + 0x40)
#define TX_STATUS   (LAN + 0x48)
#define IRQ_CFG     (LAN + 0x54)
#define INT_STS     (LAN + 0x58)
#define INT_EN      (LAN + 0x5C)
#define BYTE_TEST   (LAN + 0x64)
#define FIFO_INT    (LAN + 0x68)
#define RX_CFG      (LAN + 0x6C)
#define TX_CFG      (LAN + 0x70)
#define HW_CFG      (LAN + 0x74)
#define RX_FIFO_INF (LAN + 0x7C)
#define TX_FIFO_INF (LAN + 0x80)
#define MAC_CSR_CMD (LAN + 0xA4)
#define MAC_CSR_DAT (LAN + 0xA8)
#define AFC_CFG     (LAN + 0xAC)

/* Registers of the MAC behind MAC_CSR. */
#define MAC_CR   1u
#define ADDRH    2u
#define ADDRL    3u
#define MII_ACC  6u
#define MII_DATA 7u

#define CSR_BUSY  (1u << 31)
#define CSR_READ  (1u << 30)
#define MII_BUSY  1u
#define MII_WRITE 2u
#define PHY       (1u << 11)
#define PHY_BCR   (0u << 6)
#define PHY_RESET 0x8000u
#define PHY_AUTO  0x1200u /* negotiate, and again from the beginning */
#define RX_ERROR  (1u << 15)
#define RX_LEVEL  (1u << 3) /* interrupt: a frame's status is in the FIFO */
#define CHECKSUM  4u        /* the frame's, which comes along */
#define TRIES     100000u

/* What stands before a frame so that its IP header is aligned, here and in
 * lwIP's buffers.
 */
#define PAD ETH_PAD_SIZE

static bool wait_clear(uintptr_t reg, uint32_t bits)
{
    for (unsigned i = 0; i < TRIES; i++) {
        if ((*board_reg(reg) & bits) == 0)
            return true;
    }
    return false;
}

static uint32_t mac_read(uint32_t reg)
{
    *board_reg(MAC_CSR_CMD) = CSR_BUSY | CSR_READ | reg;
    (void)wait_clear(MAC_CSR_CMD, CSR_BUSY);
    return *board_reg(MAC_CSR_DAT);
}

static void mac_write(uint32_t reg, uint32_t value)
{
    *board_reg(MAC_CSR_DAT) = value;
    *board_reg(MAC_CSR_CMD) = CSR_BUSY | reg;
    (void)wait_clear(MAC_CSR_CMD, CSR_BUSY);
}

static void phy_write(uint32_t reg, uint32_t value)
{
    mac_write(MII_DATA, value);
    mac_write(MII_ACC, PHY | reg | MII_WRITE | MII_BUSY);
    for (unsigned i = 0; i < TRIES && (mac_read(MII_ACC) & MII_BUSY) != 0; i++)
        ;
}

static uint32_t round_words(size_t bytes)
{
    return (uint32_t)((bytes + 3) / 4);
}

/* All segments of the frame, each from the word in which it begins: the
 * controller leaves out `skip` bytes of it.
 */
static err_t send_frame(struct netif *n, struct pbuf *p)
{
    size_t len = p->tot_len - PAD;
    (void)n;
    while ((*board_reg(TX_FIFO_INF) >> 16 & 0xff) > 0)
        (void)*board_reg(TX_STATUS);
    if ((*board_reg(TX_FIFO_INF) & 0xffff) < len + 64)
        return ERR_MEM; /* lwIP sends it again */
    for (struct pbuf *q = p; q != NULL; q = q->next) {
        uintptr_t from = (uintptr_t)q->payload;
        size_t bytes = q->len;
        if (q == p) {
            from += PAD;
            bytes -= PAD;
        }
        uint32_t skip = from & 3;
        const uint32_t *word = (const uint32_t *)(from - skip);
        *board_reg(TX_DATA) = skip << 16 | (q == p ? 1u << 13 : 0) |
                              (q->next == NULL ? 1u << 12 : 0) |
                              (uint32_t)bytes;
        *board_reg(TX_DATA) = (uint32_t)len;
        for (uint32_t i = round_words(skip + bytes); i > 0; i--)
            *board_reg(TX_DATA) = *word++;
    }
    return ERR_OK;
}

/* The rest of a frame that was not wanted, or its checksum. */
static void drop_words(uint32_t n)
{
    while (n-- > 0)
        (void)*board_reg(RX_DATA);
}

bool board_ethernet_waiting(void)
{
    return (*board_reg(RX_FIFO_INF) >> 16 & 0xff) > 0;
}

void board_ethernet_acknowledge(void)
{
    *board_reg(INT_STS) = UINT32_MAX;
}

static void take_frame(struct netif *n)
{
    uint32_t status = *board_reg(RX_STATUS);
    size_t len = status >> 16 & 0x3fff;
    uint32_t words = round_words(PAD + len);
    struct pbuf *p = NULL;
    if ((status & RX_ERROR) == 0 && len > CHECKSUM)
        p = pbuf_alloc(PBUF_RAW, (u16_t)(len - CHECKSUM + PAD), PBUF_POOL);
    if (p != NULL && p->next != NULL) { /* larger than a frame can be */
        pbuf_free(p);
        p = NULL;
    }
    if (p == NULL) {
        drop_words(words);
        return;
    }
    uint32_t wanted = round_words(p->len);
    uint32_t *to = p->payload;
    for (uint32_t i = 0; i < wanted; i++)
        *to++ = *board_reg(RX_DATA);
    drop_words(words - wanted);
    if (n->input(p, n) != ERR_OK)
        pbuf_free(p);
}

void rn_board_poll(struct netif *n)
{
    while (board_ethernet_waiting())
        take_frame(n);
}

static err_t start_netif(struct netif *n)
{
    uint32_t low = mac_read(ADDRL), high = mac_read(ADDRH);
    for (unsigned i = 0; i < 6; i++)
        n->hwaddr[i] = (u8_t)(i < 4 ? low >> (8 * i) : high >> (8 * (i - 4)));
    n->hwaddr_len = ETH_HWADDR_LEN;
    n->mtu = 1500;
    n->name[0] = 'e';
    n->name[1] = 'n';
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
               NETIF_FLAG_LINK_UP;
    n->output = etharp_output;
    n->linkoutput = send_frame;
    return ERR_OK;
}

int board_ethernet_start(struct netif *n)
{
    if (*board_reg(BYTE_TEST) != 0x87654321u)
        return RN_E_LINK;
    *board_reg(HW_CFG) = 1; /* soft reset */
    if (!wait_clear(HW_CFG, 1))
        return RN_E_LINK;
    *board_reg(HW_CFG) = 5u << 16 | 1u << 20; /* 5 KiB for sending */
    *board_reg(AFC_CFG) = 0x006E3740;         /* as its data sheet advises */
    *board_reg(RX_CFG) = PAD << 8;
    phy_write(PHY_BCR, PHY_RESET);
    phy_write(PHY_BCR, PHY_AUTO);
    mac_write(MAC_CR, 0x0010000C); /* full duplex, send and receive */
    *board_reg(TX_CFG) = 2;        /* on */
    *board_reg(FIFO_INT) = 0;
    *board_reg(INT_STS) = UINT32_MAX;
    *board_reg(IRQ_CFG) = 0x111; /* on, push-pull, active high */
    *board_reg(INT_EN) = RX_LEVEL;
    /* Not before: until it is told otherwise its line is active low. */
    board_irq_enable(BOARD_ETHERNET_IRQ);

    /* The emulator's user network: we are .15, the host is .2. */
    ip4_addr_t address, mask, router;
    IP4_ADDR(&address, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&router, 10, 0, 2, 2);
    if (netif_add(n, &address, &mask, &router, NULL, start_netif,
                  ethernet_input) == NULL)
        return RN_E_LINK;
    netif_set_up(n);
    return RN_OK;
}

int rn_board_netif(struct netif *n)
{
    return board_ethernet_start(n);
}
