from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import Forbidden
from app.domain.lists import (
    LISTS_MAX,
    InboxImmutable,
    ListArchived,
    TooManyLists,
    check_active_lists,
    check_not_archived,
    check_not_inbox,
)
from app.domain.sharing import (
    GRANTS,
    INVITABLE,
    INVITATION_LIFETIME,
    MEMBERS_MAX,
    InvitationExpired,
    InvitationUsed,
    LastOwner,
    ListPermission,
    ListRole,
    TooManyMembers,
    check_invitation,
    check_member_count,
    check_not_owner,
    require,
)

NOW = datetime(2026, 1, 30, tzinfo=UTC)


def test_an_archived_list_is_for_reading_only() -> None:
    check_not_archived(None)
    with pytest.raises(ListArchived):
        check_not_archived(NOW)


def test_the_inbox_stays() -> None:
    check_not_inbox(is_inbox=False)
    with pytest.raises(InboxImmutable):
        check_not_inbox(is_inbox=True)


def test_a_person_has_five_hundred_lists_and_a_list_fifty_members() -> None:
    check_active_lists(LISTS_MAX - 1)
    with pytest.raises(TooManyLists):
        check_active_lists(LISTS_MAX)
    check_member_count(MEMBERS_MAX - 1)
    with pytest.raises(TooManyMembers):
        check_member_count(MEMBERS_MAX)
    assert (LISTS_MAX, MEMBERS_MAX) == (500, 50)


EXPECTED = {
    ListRole.VIEWER: {"list:read", "members:read", "todos:read"},
    ListRole.EDITOR: {"list:read", "members:read", "todos:read", "todos:write"},
    ListRole.OWNER: {str(permission) for permission in ListPermission},
}


@pytest.mark.parametrize("role", ListRole)
@pytest.mark.parametrize("permission", ListPermission)
def test_a_role_may_do_what_it_is_granted_and_nothing_else(role: ListRole, permission: ListPermission) -> None:
    if permission in EXPECTED[role]:
        require(role, permission)
        return
    with pytest.raises(Forbidden, match=f"{role}.*{permission}"):
        require(role, permission)


def test_every_role_can_do_all_that_the_one_below_it_can() -> None:
    assert GRANTS[ListRole.VIEWER] < GRANTS[ListRole.EDITOR] < GRANTS[ListRole.OWNER]


def test_a_list_always_has_its_owner() -> None:
    assert ListRole.OWNER not in INVITABLE
    for role in INVITABLE:
        check_not_owner(role)
    with pytest.raises(LastOwner):
        check_not_owner(ListRole.OWNER)


def test_an_invitation_is_good_once_for_seven_days() -> None:
    end = NOW + INVITATION_LIFETIME
    check_invitation(expires_at=end, accepted_at=None, now=end - timedelta(microseconds=1))
    with pytest.raises(InvitationExpired):
        check_invitation(expires_at=end, accepted_at=None, now=end)
    for now in (NOW, end):
        with pytest.raises(InvitationUsed):
            check_invitation(expires_at=end, accepted_at=NOW, now=now)
    assert timedelta(days=7) == INVITATION_LIFETIME


@given(role=st.sampled_from(ListRole), wishes=st.lists(st.sampled_from(ListPermission)))
def test_whatever_is_asked_nobody_does_what_their_role_is_not_granted(
    role: ListRole, wishes: list[ListPermission]
) -> None:
    for wish in wishes:
        writes = not wish.endswith(":read")
        try:
            require(role, wish)
        except Forbidden:
            # to see a list is to see all of it, and its owner lacks nothing
            assert writes
            assert role is not ListRole.OWNER
        else:
            assert not writes or role is ListRole.OWNER or (role, wish) == (ListRole.EDITOR, ListPermission.TODOS_WRITE)
