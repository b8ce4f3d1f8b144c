"""The paper's own words in the three languages that it prints."""

from datetime import date

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
}

WORDS = {
    "en": {
        "by": "By",
        "film": "The film",
        "also": "Read also",
        "like": "You might also like",
        "letters": "Letters",
        "no_letters": "No letters yet. The editor is looking at the door.",
        "thanks": "Thank you. Your letter is printed above.",
        "name": "Name",
        "letter": "Letter",
        "print": "Print it",
    },
    "fr": {
        "by": "Par",
        "film": "Le film",
        "also": "À lire aussi",
        "like": "Vous aimerez peut-être",
        "letters": "Courrier",
        "no_letters": "Pas encore de lettre. La rédaction regarde la porte.",
        "thanks": "Merci. Votre lettre est imprimée ci-dessus.",
        "name": "Nom",
        "letter": "Lettre",
        "print": "Imprimer",
    },
    "ar": {
        "by": "بقلم",
        "film": "الفيلم",
        "also": "اقرأ أيضًا",
        "like": "قد يعجبك أيضًا",
        "letters": "رسائل القراء",
        "no_letters": "لا رسائل بعد. المحررة تنظر إلى الباب.",
        "thanks": "شكرًا لك. رسالتك منشورة أعلاه.",
        "name": "الاسم",
        "letter": "الرسالة",
        "print": "انشرها",
    },
}


def day(date: date, lang: str) -> str:
    """The date as a reader of the language writes it: 25 November 2026."""
    return f"{date.day} {MONTHS[lang].split()[date.month - 1]} {date.year}"
