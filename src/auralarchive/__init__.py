"""AuralArchive: from "I would like to hear that" to a perfect, chaptered file in one's own library."""
