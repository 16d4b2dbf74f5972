using Microsoft.EntityFrameworkCore;

namespace Pup.Tests.Projections;

internal sealed class NoteContext(DbContextOptions<NoteContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder) => modelBuilder.Entity<Note>(note =>
    {
        note.ToTable("notes").Property(n => n.Id).HasColumnName("id").ValueGeneratedOnAdd();
        note.Property(n => n.Aggregate).HasColumnName("aggregate");
        note.Property(n => n.Text).HasColumnName("note");
    });
}
