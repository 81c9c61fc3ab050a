import re
from datetime import timedelta
from html.parser import HTMLParser

import pytest

from app.domain.mail import MailKind
from app.infrastructure.mail import composer
from app.infrastructure.mail.composer import LetterComposer

TOKEN = "Zk3vYbq0tX7Wc1uJ9sR5eLhN2aPmD8gF4iKoVxT6yQE"
ORIGIN = "https://todo.example.org"
WITH_LINK = {
    MailKind.VERIFY_EMAIL: ("/auth/verify-email", "24 hours"),
    MailKind.CHANGE_EMAIL: ("/auth/verify-email", "24 hours"),
    MailKind.RESET_PASSWORD: ("/auth/reset-password", "30 minutes"),
}


class Reader(HTMLParser):
    """What an HTML part says, and where it leads."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value for name, value in attrs if name in {"href", "src"} and tag]

    def handle_data(self, data: str) -> None:
        self.words += data.split()


@pytest.mark.parametrize("kind", MailKind)
def test_every_kind_has_a_letter_that_says_the_same_in_both_its_parts(kind: MailKind) -> None:
    mail = LetterComposer(ORIGIN).compose(kind, "ada@example.com", TOKEN)
    reader = Reader()
    reader.feed(mail.html)
    assert mail.to == "ada@example.com"
    assert mail.subject
    assert "\n" not in mail.subject
    # the title, the product's name and the heading stand before the text
    heading = [*mail.subject.split(), "Evenstar", *mail.subject.split()]
    assert reader.words == [*heading, *mail.text.split()]
    assert mail.text.isascii()
    assert "{" not in mail.text + mail.html.replace('style="', "")
    links = [ORIGIN + WITH_LINK[kind][0] + f"#token={TOKEN}"] if kind in WITH_LINK else []
    assert reader.links == links
    assert re.findall(r"https?://\S+", mail.text) == links
    if kind in WITH_LINK:
        assert f"good for {WITH_LINK[kind][1]}" in mail.text


@pytest.mark.parametrize("kind", MailKind)
def test_no_line_of_the_text_is_too_long_to_read_but_the_link(kind: MailKind) -> None:
    mail = LetterComposer(ORIGIN).compose(kind, "ada@example.com", TOKEN)
    assert all(len(line) <= 78 or line.startswith(ORIGIN) for line in mail.text.splitlines())


def test_each_mail_has_an_id_of_its_own() -> None:
    letters = LetterComposer(ORIGIN)
    mails = [letters.compose(MailKind.PASSWORD_CHANGED, "ada@example.com", None) for _ in range(3)]
    assert len({mail.message_id for mail in mails}) == 3


def test_what_stands_in_a_link_is_text_and_never_markup() -> None:
    hostile = '"><script>alert(1)</script>'
    mail = LetterComposer(ORIGIN).compose(MailKind.VERIFY_EMAIL, "ada@example.com", hostile)
    assert "<script" not in mail.html


def test_lifetimes_are_told_as_they_are() -> None:
    in_words = composer._in_words  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] -- too small to be public
    assert in_words(timedelta(minutes=90)) == "90 minutes"
    assert in_words(timedelta(hours=2)) == "2 hours"
