"""Proofs by mail over HTTP: links are asked for here, and their tokens handed in."""

from litestar import Controller, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT

from app.application.accounts.schemas import Accepted, EmailVerification, MailRequest, PasswordReset
from app.application.verification import Verification
from app.domain.access import Origin
from app.domain.accounts import EmailTaken, InvalidMailToken, PasswordCompromised, PasswordTooLong
from app.presentation.http.accounts import AUTH_BODY_MAX
from app.presentation.http.guards import PUBLIC
from app.presentation.http.limits import limited
from app.presentation.http.openapi import raises


class VerificationController(Controller):
    """Verifying an address and setting a forgotten password."""

    path = "/api/auth"
    tags = ["Authentication"]
    request_max_body_size = AUTH_BODY_MAX

    @post(
        "/verify-email",
        operation_id="verifyEmail",
        summary="Verify an e-mail address",
        opt={**PUBLIC, **raises(InvalidMailToken, EmailTaken)},
        status_code=HTTP_204_NO_CONTENT,
        guards=[limited("tokens")],
    )
    async def verify_email(
        self,
        verification: NamedDependency[Verification],
        origin: NamedDependency[Origin],
        data: JSONBody[EmailVerification],
    ) -> None:
        """Hand in the token of a mail: the address it was sent to is verified, and yours if you asked to change it."""
        await verification.verify_email(data.token, origin)

    @post(
        "/resend-verification",
        operation_id="resendVerification",
        summary="Ask for another verification mail",
        opt=PUBLIC,
        status_code=HTTP_202_ACCEPTED,
        guards=[limited("resend")],
    )
    async def resend_verification(
        self,
        verification: NamedDependency[Verification],
        origin: NamedDependency[Origin],
        data: JSONBody[MailRequest],
    ) -> Accepted:
        """Have a new link mailed to an address that waits to be verified; links before it are void then."""
        await verification.resend_verification(data.email, origin)
        return Accepted("accepted")

    @post(
        "/forgot-password",
        operation_id="forgotPassword",
        summary="Ask for a new password",
        opt=PUBLIC,
        status_code=HTTP_202_ACCEPTED,
        guards=[limited("forgot")],
    )
    async def forgot_password(
        self,
        verification: NamedDependency[Verification],
        origin: NamedDependency[Origin],
        data: JSONBody[MailRequest],
    ) -> Accepted:
        """Have a link mailed by which a new password is set; links before it are void then."""
        await verification.forgot_password(data.email, origin)
        return Accepted("accepted")

    @post(
        "/reset-password",
        operation_id="resetPassword",
        summary="Set a new password",
        opt={**PUBLIC, **raises(InvalidMailToken, PasswordCompromised, PasswordTooLong)},
        status_code=HTTP_204_NO_CONTENT,
        guards=[limited("tokens")],
    )
    async def reset_password(
        self,
        verification: NamedDependency[Verification],
        origin: NamedDependency[Origin],
        data: JSONBody[PasswordReset],
    ) -> None:
        """Hand in the token of a mail and a new password: it takes effect, and all of your sessions end."""
        await verification.reset_password(data.token, data.password, origin)
