using Microsoft.Playwright;

namespace Pup.Tests.Browser;

/// <summary>What would hinder somebody at a page: no room, or things without a name.</summary>
internal static class PageFaults
{
    private const string Script = """
        () => {
            const faults = [];
            for (const box of [document.documentElement, ...document.querySelectorAll('.card')])
                if (box.scrollWidth > box.clientWidth) faults.push(`${box.tagName} is ${box.scrollWidth} wide, and has room for ${box.clientWidth}`);
            for (const control of document.querySelectorAll('input:not([type=hidden]), select, textarea'))
                if (!control.getAttribute('aria-label')?.trim() && ![...control.labels].some(label => label.innerText.trim())) faults.push(`no label: ${control.outerHTML}`);
            for (const table of document.querySelectorAll('table')) {
                const heads = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
                if (heads.includes('')) faults.push(`a column without a header: ${heads.join(', ')}`);
                for (const row of table.tBodies[0].rows)
                    if ([...row.cells].map(cell => cell.dataset.label).join() !== heads.join()) faults.push(`cells are not called as their columns: ${row.innerText}`);
            }
            const names = [...document.querySelectorAll('button')].map(button => button.getAttribute('aria-label') ?? button.innerText);
            for (const name of names.filter((name, index) => name.trim() === '' || names.indexOf(name) !== index)) faults.push(`a button without a name of its own: '${name}'`);
            if (document.querySelectorAll('h1').length !== 1 || document.title.trim() === '') faults.push('no heading, or no title');
            return faults;
        }
        """;

    public static Task<string[]> OfAsync(IPage page) => page.EvaluateAsync<string[]>(Script);
}
