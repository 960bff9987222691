// Questions to a page as a browser shows it. Each answers with a list of faults in words; an empty list is good.
window.checks = (() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)]
  const text = element => element.textContent.replace(/\s+/g, ' ').trim()
  const where = element => `<${element.tagName.toLowerCase()}> ${text(element).slice(0, 60)}`
  const isShown = element => element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true }) && element.getClientRects().length > 0
  // parts that only a screen reader tells, in the view that is shown
  let forEars = []
  const isForEarsOnly = element => forEars.some(part => part.contains(element))
  const isSeen = element => isShown(element) && !isForEarsOnly(element)
  const colour = value => (value.match(/[\d.]+/g) || []).map(Number)
  const over = ([r, g, b, a = 1], ground) => [r, g, b].map((channel, i) => a * channel + (1 - a) * ground[i])
  const luminance = rgb => {
    const [r, g, b] = rgb.map(c => c / 255).map(c => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (bright + 0.05) / (dark + 0.05)
  }
  const ground = () => over(colour(getComputedStyle(document.body).backgroundColor), [255, 255, 255])
  // colours that say nothing: lines that help the eye along, and gaps between marks
  const decoration = () => ['--grid', '--line', '--ground'].map(name => {
    const probe = document.body.appendChild(document.createElement('i'))
    probe.style.cssText = `forced-color-adjust: none; color: var(${name})`
    const value = getComputedStyle(probe).color
    probe.remove()
    return value
  })
  const fill = (shape, under) => {
    const style = getComputedStyle(shape)
    return style.fill === 'none' ? null : over([...colour(style.fill).slice(0, 3), +style.fillOpacity], under)
  }
  const textNodes = () => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found = []
    while (walk.nextNode()) if (walk.currentNode.data.trim()) found.push(walk.currentNode)
    return found
  }
  const overlap = (a, b) => [
    Math.min(a.right, b.right) - Math.max(a.left, b.left),
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
  ]
  // the box of a line of text without the room above and below its letters
  const letters = element => {
    const box = element.getBoundingClientRect()
    const spare = box.height * 0.15
    return { left: box.left, right: box.right, top: box.top + spare, bottom: box.bottom - spare }
  }
  // the colour behind an element, from the page's ground upwards
  const behindText = (element, known) => {
    if (!element) return ground()
    if (!known.has(element)) {
      known.set(element, over(colour(getComputedStyle(element).backgroundColor), behindText(element.parentElement, known)))
    }
    return known.get(element)
  }
  const pageTexts = () => [...new Set(textNodes().map(node => node.parentElement))].filter(e => isSeen(e) && !e.closest('svg'))
  const look = (element, known) => {
    const style = getComputedStyle(element)
    return [element.tagName, element.className, style.color, behindText(element, known), style.fontSize, style.fontWeight].join()
  }
  const figureTexts = () => all('svg text').filter(isShown)

  return {
    lookAnew() {
      forEars = all('body *').filter(element => getComputedStyle(element).clipPath === 'inset(50%)')
    },
    headings() {
      const found = all('h1,h2,h3,h4,h5,h6')
      const levels = found.map(heading => +heading.tagName[1])
      const jumps = found.filter((_, i) => i && levels[i] > levels[i - 1] + 1).map(h => `jumps to ${where(h)}`)
      const first = levels[0] === 1 ? [] : ['the first heading is no h1']
      const ones = levels.filter(level => level === 1).length
      return [...first, ...jumps, ...(ones === 1 ? [] : [`${ones} h1`])]
    },
    empty() {
      const parts = all('h1,h2,h3,h4,h5,h6,th,td,caption,summary,a,li,p,figcaption,ul,ol,details,figure,section,text')
      return parts.filter(part => !text(part)).map(part => `${where(part)} in ${where(part.parentElement)}`)
    },
    doubledIds() {
      const ids = all('[id]').map(element => element.id)
      return ids.filter((id, i) => ids.indexOf(id) !== i)
    },
    tables() {
      const faults = table => [
        [!table.caption || !text(table.caption), 'no caption'],
        [table.firstElementChild !== table.caption, 'caption is not first'],
        [all('th', table).some(head => !['col', 'row', 'colgroup', 'rowgroup'].includes(head.scope)), 'th without scope'],
        [!all('thead th[scope=col]', table).length, 'no column headers'],
        [all('tbody tr', table).some(row => !row.querySelector('th[scope=row]')), 'a row without header'],
        [new Set(all('tr', table).map(row => row.cells.length)).size > 1, 'rows of unequal length'],
      ].filter(([is]) => is).map(([, what]) => `${what}: ${where(table)}`)
      return all('table').flatMap(faults)
    },
    sameCaption() {
      const captions = all('caption').map(text)
      return captions.filter((caption, i) => captions.indexOf(caption) !== i)
    },
    pictures() {
      return all('svg,img').map(picture => ({
        role: picture.getAttribute('role') || picture.tagName.toLowerCase(),
        alternative: picture.getAttribute('aria-label') || picture.getAttribute('alt') || '',
        caption: text(picture.closest('figure')?.querySelector('figcaption') || document.createElement('i')),
        inFigure: Boolean(picture.closest('figure')),
      }))
    },
    deadLinks() {
      return all('a[href^="#"]').flatMap(link => {
        all('details').forEach(part => { part.open = false })
        location.hash = ''
        location.hash = link.hash
        const target = document.getElementById(decodeURIComponent(link.hash.slice(1)))
        const box = target?.getBoundingClientRect()
        return target && isSeen(target) && box.top < innerHeight && box.bottom > 0 ? [] : [where(link) + link.hash]
      })
    },
    sameNameOtherPlace() {
      const places = new Map()
      return all('a[href]').filter(link => {
        const before = places.get(text(link))
        places.set(text(link), link.href)
        return before && before !== link.href
      }).map(where)
    },
    // the same words may lead to different things only under different headings or figures
    sameSummary() {
      const headings = all('h1,h2,h3,h4,h5,h6,figcaption')
      const above = part => headings.findLastIndex(heading => heading.compareDocumentPosition(part) & Node.DOCUMENT_POSITION_FOLLOWING)
      const named = all('summary').map(summary => `${text(summary)} – under ${text(headings[above(summary)])} (${above(summary)})`)
      return named.filter((name, i) => named.indexOf(name) !== i)
    },
    disturbsTab() {
      return all('[tabindex],[autofocus],[accesskey],[contenteditable]').map(where)
    },
    focusable: () => all('a[href],summary').filter(isShown).length,
    focusFirst() {
      scrollTo(0, 0)
      all('a[href],summary').find(isShown).focus({ focusVisible: true })
    },
    focused() {
      const element = document.activeElement
      if (!element || element === document.body) return null
      const box = element.getBoundingClientRect()
      const style = getComputedStyle(element)
      const outline = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth)
      return {
        tag: element.tagName.toLowerCase(), name: text(element), where: where(element), number: all('*').indexOf(element),
        isInView: isSeen(element) && box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.top < innerHeight && box.bottom > 0,
        outline, contrast: contrast(over(colour(style.outlineColor), ground()), ground()),
      }
    },
    words() {
      const shown = textNodes().filter(node => isShown(node.parentElement) && !node.parentElement.closest('[lang]:not(html),pre,code'))
      const spoken = all('[aria-label],[alt],[title]').flatMap(e => ['aria-label', 'alt', 'title'].map(name => e.getAttribute(name)))
      return [document.title, ...shown.map(node => node.data), ...spoken.filter(Boolean)]
    },
    smallText(least) {
      const size = element => {
        const scale = element.closest('svg') ? element.getScreenCTM().a : 1
        return parseFloat(getComputedStyle(element).fontSize) * scale
      }
      const seen = [...new Set(textNodes().map(node => node.parentElement))].filter(isSeen)
      return seen.filter(element => size(element) < least - 0.05).map(e => `${size(e).toFixed(1)} px: ${where(e)}`)
    },
    faintInFigures(leastText, leastMark) {
      const page = ground()
      const plain = decoration()
      const marks = all('svg').filter(isShown).flatMap(svg => all('path,rect,circle,ellipse,line,polyline,polygon', svg))
      const faint = (paint, under) => paint && contrast(paint, under) < leastMark
      const bare = getComputedStyle(document.body).backgroundColor
      const says = paint => paint !== 'none' && ![...plain, bare].includes(paint)
      const isFaint = mark => {
        const { fill: inside, stroke } = getComputedStyle(mark)
        const line = says(stroke) && over(colour(stroke), page)
        return faint(line, page) || (says(inside) && !(line && !faint(line, page)) && faint(fill(mark, page), page))
      }
      const covers = (mark, x, y) => mark.isPointInFill(new DOMPoint(x, y).matrixTransform(mark.getScreenCTM().inverse()))
      // what lies under the beginning, the middle and the end of a text
      const behind = element => {
        const box = letters(element)
        const under = marks.filter(mark => mark.ownerSVGElement === element.ownerSVGElement && mark.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING && fill(mark, page))
        return [0.1, 0.5, 0.9].map(part => {
          const [x, y] = [box.left + part * (box.right - box.left), (box.top + box.bottom) / 2]
          const mark = under.findLast(each => covers(each, x, y))
          return mark ? fill(mark, page) : page
        })
      }
      const isFaintText = element => behind(element).some(under => contrast(fill(element, under), under) < leastText)
      return [
        ...marks.filter(isFaint).map(mark => `mark ${mark.outerHTML.slice(0, 120)}`),
        ...figureTexts().filter(isFaintText).map(element => `text ${where(element)}`),
      ]
    },
    textOutsideFigure() {
      return figureTexts().filter(element => {
        const [box, frame] = [letters(element), element.closest('svg').getBoundingClientRect()]
        return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1
      }).map(where)
    },
    textOnText() {
      return all('svg').filter(isShown).flatMap(svg => {
        const texts = all('text', svg)
        const boxes = texts.map(letters)
        return texts.flatMap((one, i) => texts.slice(i + 1).filter((_, j) => Math.min(...overlap(boxes[i], boxes[i + 1 + j])) > 1)
          .map(other => `${text(one)} / ${text(other)}`))
      })
    },
    sideways() {
      const page = document.documentElement
      const whole = page.scrollWidth > page.clientWidth ? [`the page: ${page.scrollWidth} in ${page.clientWidth}`] : []
      const wide = all('body *').filter(e => isSeen(e) && !e.closest('svg') && e.getBoundingClientRect().right > page.clientWidth + 1)
      return [...whole, ...wide.map(where)]
    },
    cutOff() {
      const cuts = element => {
        const { overflowX, overflowY, textOverflow } = getComputedStyle(element)
        const isWide = overflowX !== 'visible' && element.scrollWidth > element.clientWidth + 1
        const isHigh = overflowY !== 'visible' && element.scrollHeight > element.clientHeight + 1
        return isWide || isHigh || textOverflow === 'ellipsis'
      }
      return all('body *').filter(e => isSeen(e) && !e.closest('svg') && cuts(e)).map(where)
    },
    coloured() {
      const isGrey = ([r, g, b]) => r === g && g === b
      const paint = element => colour(getComputedStyle(element)[element.closest('svg') ? 'fill' : 'color'])
      return [...pageTexts(), ...figureTexts()].filter(element => !isGrey(paint(element))).map(where)
    },
    faintText(least) {
      const known = new Map()
      const isFaint = element => {
        const under = behindText(element, known)
        const label = getComputedStyle(element, '::before')
        const paints = [getComputedStyle(element).color, ...(label.content === 'none' ? [] : [label.color])]
        return paints.some(paint => contrast(over(colour(paint), under), under) < least)
      }
      return pageTexts().filter(isFaint).map(where)
    },
    async axe(options, onlyOneOfEachLook) {
      const known = new Map()
      const looks = new Map(pageTexts().map(element => [look(element, known), element]))
      const context = onlyOneOfEachLook ? { include: [...looks.values()] } : document
      const result = await axe.run(context, options)
      const told = kind => result[kind].flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html.slice(0, 120)}`))
      const isMeasured = fault => fault.startsWith('color-contrast: <text')
      return {
        violations: told('violations'), open: told('incomplete').filter(fault => !isMeasured(fault)),
        measured: told('incomplete').filter(isMeasured).length, passed: result.passes.length, looks: looks.size,
      }
    },
    inFirstScreen() {
      scrollTo(0, 0)
      const section = document.querySelector('h2')
      const first = all('p,li,a').find(e => section.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING && isSeen(e) && text(e))
      const parts = [document.querySelector('h1'), section, section.querySelector('a') || first]
      return parts.filter(part => part.getBoundingClientRect().bottom > innerHeight).map(where)
    },
    tallFigures: most => all('figure svg').filter(svg => svg.getBoundingClientRect().height > most).map(svg => where(svg.closest('figure').querySelector('figcaption'))),
    unseenInFolds: () => all('details *').filter(part => part.children.length === 0 && text(part) && !isShown(part)).map(where),
    folded: () => all('details').flatMap(part => [part.querySelector('summary'), ...all('caption,tbody th,li', part)].map(text)),
    ground: () => ground(),
    computed(selector, property) {
      return [...new Set(all(selector).filter(isShown).map(element => getComputedStyle(element)[property]))]
    },
    texts: selector => all(selector).map(text),
    tableTexts: () => all('table').map(table => ({ caption: text(table.caption), head: all('thead th', table).map(text), rows: all('tbody tr', table).map(row => [...row.cells].map(text)) })),
    spaced() {
      const style = document.head.appendChild(document.createElement('style'))
      style.textContent = '* { letter-spacing: .12em !important; word-spacing: .16em !important; line-height: 1.5 !important } p { margin-bottom: 2em !important }'
      const faults = [...checks.sideways(), ...checks.cutOff()]
      style.remove()
      return faults
    },
    textAt(percent) {
      const root = document.documentElement
      const size = parseFloat(getComputedStyle(root).fontSize)
      root.style.fontSize = `${size * percent / 100}px`
      const faults = [...checks.sideways(), ...checks.cutOff()]
      root.style.fontSize = ''
      return faults
    },
  }
})()
null
