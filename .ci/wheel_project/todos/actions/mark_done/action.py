def mark_done(todo, *, note: str = "", context) -> dict:
    todo.is_done = True
    todo.save(update_fields=["is_done"])
    return {"id": todo.pk, "note": note, "by": context.actor.get_username()}
